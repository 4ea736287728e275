"""The API of the deployments of a model: list, record, get, change, and the outcome."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.filters.deployment import DEPLOYMENTS
from catalogue.models import ChangeRequest, Deployment, Model
from catalogue.operations import deployment as operations
from catalogue.operations.deployment import PRODUCTION, DeploymentDetails
from catalogue.queries import deployment as deployment_queries
from catalogue.states import DeploymentState
from kit import clock
from kit.refusals import Refused
from rest import keys
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedEditableItem, NestedStep

_OUTCOMES = [(state.value, state.label) for state in (DeploymentState.KEPT, DeploymentState.ROLLED_BACK)]


class DeploymentRow(serializers.Serializer):
    """One deployment of a version of a model. `version` counts the changes of this row."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_id = serializers.IntegerField()
    model_version_id = serializers.IntegerField()
    model_version_name = serializers.CharField(source="model_version.name")
    environment = serializers.CharField()
    state = serializers.ChoiceField(DeploymentState.choices)
    deployed_at = serializers.DateTimeField()
    change_reference = serializers.CharField(
        source="change.reference", default=None, allow_null=True, help_text="Its change request."
    )
    change_state = serializers.CharField(
        source="change.state", default=None, allow_null=True, help_text="`signed` if it is signed off."
    )
    window_from = serializers.DateTimeField(source="change.window_from", default=None, allow_null=True)
    window_until = serializers.DateTimeField(source="change.window_until", default=None, allow_null=True)
    external_id = serializers.CharField()
    link = serializers.CharField()
    note = serializers.CharField(help_text="Why it was kept or rolled back.")
    settled_at = serializers.DateTimeField(allow_null=True)
    settled_by_id = serializers.IntegerField(allow_null=True)


class DeploymentChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    change = Visible("change_request", ChangeRequest.objects.visible_to, required=False, allow_null=True)
    link = serializers.URLField(max_length=500, required=False, allow_blank=True)


class NewDeployment(DeploymentChange):
    """The body that records a deployment. Only `version_name` is required."""

    version_name = serializers.CharField(
        max_length=120, help_text="Of the version. It is registered if the model has none of this name."
    )
    environment = serializers.CharField(max_length=60, required=False, default=PRODUCTION)
    deployed_at = serializers.DateTimeField(required=False, help_text="By default now.")
    external_id = serializers.CharField(
        max_length=120,
        required=False,
        allow_blank=True,
        help_text="Its key in the build server. A second call with it is about the same deployment.",
    )
    outcome = serializers.ChoiceField(_OUTCOMES, required=False)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class OutcomeBody(Body):
    outcome = serializers.ChoiceField(_OUTCOMES)
    note = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="Needed for a rollback."
    )


class _OfDeployments(Nested):
    kind = "deployment"
    serializer_class = DeploymentRow
    columns = {
        **{name: name for name in DeploymentRow().fields},
        "model_version_name": "model_version__name",
        "change_reference": "change__subject__reference",
        "change_state": "change__state",
        "window_from": "change__window_from",
        "window_until": "change__window_until",
    }

    def parents(self, request: Request) -> QuerySet:
        return Model.objects.visible_to(request.user).select_related("subject", "owner_team")

    def parent(self, request: Request) -> Model:
        """Return the model that the address names by slug or id. Raises Http404."""
        lookup = keys.lookup(self.kwargs["key"], reference="", slug="slug")
        return get_object_or_404(self.parents(request), **lookup)

    def rows(self, request: Request) -> QuerySet:
        return Deployment.objects.visible_to(request.user).filter(model=self.parent(request))

    def objects(self, request: Request) -> QuerySet:
        rows = deployment_queries.deployments().visible_to(request.user)
        return rows.filter(model=self.parent(request)).order_by()


class ModelDeployments(_OfDeployments, NestedCollection):
    """List the deployments of a model, the newest first. POST records one.

    With the external id of a deployment, POST records its outcome, changes nothing else, and answers 200.
    """

    permission = {"GET": "catalogue.view", "POST": "catalogue.model_change"}
    bodies = {"POST": NewDeployment}
    spec = DEPLOYMENTS

    def post(self, request: Request, key: str) -> Response:
        model = self.parent(request)
        self.require(request, "catalogue.model_change", model)
        values = read(NewDeployment, request)
        name = values.pop("version_name")
        try:
            deployment, is_new = operations.record(
                model,
                version=name,
                details=DeploymentDetails(**values),
                by=self.by(request),
                at=clock.now(),
            )
        except Refused as refusal:
            if refusal.field == "version":
                raise Refused(str(refusal), field="version_name") from None
            raise
        if not is_new:
            return self.answer(request, deployment.pk)
        return self.created(request, deployment.pk, f"models/{model.slug}/deployments/{deployment.pk}")


class ModelDeploymentItem(_OfDeployments, NestedEditableItem):
    """A deployment of a model, by its id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.deployment_settle"}
    body = DeploymentChange
    operation = staticmethod(operations.change)


class ModelDeploymentOutcome(_OfDeployments, NestedStep):
    """Record whether a deployment was kept or rolled back. A kept one can be rolled back later."""

    permission = {"POST": "catalogue.deployment_settle"}
    body = OutcomeBody
    answers = {"POST": (200, DeploymentRow)}
    operation = staticmethod(operations.settle)
    is_versioned = True


RESOURCES: list[tuple[str, Any]] = [
    ("models/<str:key>/deployments", ModelDeployments),
    ("models/<str:key>/deployments/<str:number>", ModelDeploymentItem),
    ("models/<str:key>/deployments/<str:number>/outcome", ModelDeploymentOutcome),
]
