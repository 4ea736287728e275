"""The API of the validations of models: list, open, get, change, findings, and one POST per step."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.api.model import people
from catalogue.filters.validation import VALIDATIONS
from catalogue.models import Model, Validation, ValidationFinding, Version
from catalogue.operations import validation as operations
from catalogue.queries import validation as queries
from catalogue.queries import version as version_queries
from catalogue.states import CheckAnswer, ValidationResult, ValidationState
from history.models import Subject
from kit import clock
from kit.refusals import Refused
from rest import keys
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedEditableItem, NestedStep
from rest.resource import Collection, Resource


class ChecklistRow(serializers.Serializer):
    """A question of a checklist with its answer."""

    question = serializers.CharField(max_length=500)
    answer = serializers.ChoiceField([*CheckAnswer.choices, ""], required=False)
    note = serializers.CharField(max_length=2_000, required=False, allow_blank=True)


class ValidationRow(serializers.Serializer):
    """An examination of a model by somebody who did not develop it."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_slug = serializers.CharField(source="model.slug")
    version_name = serializers.CharField(source="of_version.name", default=None, allow_null=True)
    validated_by_id = serializers.IntegerField()
    validated_by_name = serializers.CharField(source="validated_by.name")
    scope = serializers.CharField()
    trigger = serializers.CharField(help_text="Why it is validated now.")
    due_on = serializers.DateField(allow_null=True)
    documents_asked = serializers.ListField(child=serializers.CharField())
    documents_received = serializers.ListField(child=serializers.CharField())
    checklist = ChecklistRow(many=True)
    state = serializers.ChoiceField(ValidationState.choices)
    result = serializers.ChoiceField([*ValidationResult.choices, ""])
    conclusion = serializers.CharField()
    opened_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    findings = serializers.ListField(
        child=serializers.CharField(), default=list, help_text="References of risks that you may see."
    )


class ValidationChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    version_name = serializers.CharField(max_length=120, required=False, allow_null=True)
    validated_by = Visible("person", people, by="email", required=False)
    scope = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    trigger = serializers.CharField(max_length=500, required=False, allow_blank=True)
    due_on = serializers.DateField(required=False, allow_null=True)
    documents_asked = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=100
    )
    documents_received = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=100
    )
    checklist = ChecklistRow(many=True, required=False)
    conclusion = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


class NewValidation(ValidationChange):
    """The body that opens a validation. Without a checklist it has the one of the model's tier."""

    validated_by = Visible("person", people, by="email")


class FindingBody(Body):
    about = Visible("risk", Subject.objects.visible_to, by="reference")


class ConcludeBody(Body):
    result = serializers.ChoiceField(ValidationResult.choices)
    conclusion = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    next_on = serializers.DateField(required=False, allow_null=True)
    next_why = serializers.CharField(max_length=500, required=False, allow_blank=True)


class WithdrawValidationBody(Body):
    reason = serializers.CharField(max_length=2_000)


_NAMED = {"model_slug": "model__slug", "version_name": "of_version__name"}


class _Validations(Resource):
    kind = "validation"
    serializer_class = ValidationRow
    columns = {
        **{name: name for name in ValidationRow().fields if name not in {"findings", *_NAMED}},
        **_NAMED,
        "validated_by_name": "validated_by__name",
    }

    def rows(self, request: Request) -> QuerySet:
        return Validation.objects.visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        found = ValidationFinding.objects.filter(
            validation=OuterRef("pk"), about__in=Subject.objects.visible_to(self.request.user)
        )
        references = ArraySubquery(found.order_by("pk").values("about__reference"))
        return super().as_values(rows).annotate(findings=references)


class Validations(_Validations, Collection):
    """List the validations of all models, the newest first."""

    permission = {"GET": "catalogue.view"}
    spec = VALIDATIONS


class _OfModel(_Validations, Nested):
    def parent(self, request: Request) -> Model:
        """Return the model that the address names by slug or id. Raises Http404."""
        lookup = keys.lookup(self.kwargs["key"], reference="", slug="slug")
        return get_object_or_404(self.parents(request), **lookup)

    def parents(self, request: Request) -> QuerySet:
        return Model.objects.visible_to(request.user).select_related("subject", "owner_team")

    def rows(self, request: Request) -> QuerySet:
        return super().rows(request).filter(model=self.parent(request))

    def objects(self, request: Request) -> QuerySet:
        return queries.validations().visible_to(request.user).filter(model=self.parent(request))

    def with_version(self, model: Model, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with the version as a row. Raises Refused(field="version_name")."""
        if "version_name" not in values:
            return values
        others = {field: value for field, value in values.items() if field != "version_name"}
        name = values["version_name"]
        version: Version | None = version_queries.version_called(model, name) if name else None
        if name and version is None:
            raise Refused(f"{model.name} has no version “{name}”.", field="version_name")
        return {**others, "of_version": version}


class ModelValidations(_OfModel, NestedCollection):
    """List the validations of a model. POST opens one."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.model_change"}
    bodies = {"POST": NewValidation}
    spec = VALIDATIONS

    def post(self, request: Request, key: str) -> Response:
        model = self.parent(request)
        self.require(request, "catalogue.model_change", model)
        values = self.with_version(model, read(NewValidation, request))
        validation = operations.open(model, **values, by=self.by(request), at=clock.now())
        return self.created(request, validation.pk, f"models/{model.slug}/validations/{validation.pk}")


class ModelValidationItem(_OfModel, NestedEditableItem):
    """A validation of a model, by its id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.validation_change"}
    body = ValidationChange
    operation = staticmethod(operations.change)

    def new_values(self, request: Request, obj: Validation) -> dict[str, Any]:
        return self.with_version(obj.model, super().new_values(request, obj))


class _ValidationStep(_OfModel, NestedStep):
    is_versioned = True
    permission = {"POST": "catalogue.validation_change"}
    answers = {"POST": (200, ValidationRow)}


class AddFinding(_ValidationStep):
    """Record a risk as a finding of the validation."""

    body = FindingBody
    operation = staticmethod(operations.add_finding)


class ConcludeValidation(_ValidationStep):
    """Record the result, and when and why the model is validated next."""

    body = ConcludeBody
    operation = staticmethod(operations.conclude)


class WithdrawValidation(_ValidationStep):
    """Withdraw an open validation, with the reason."""

    body = WithdrawValidationBody
    operation = staticmethod(operations.withdraw)


_ONE = "models/<str:key>/validations/<str:number>"
RESOURCES: list[tuple[str, Any]] = [
    ("validations", Validations),
    ("models/<str:key>/validations", ModelValidations),
    (_ONE, ModelValidationItem),
    (f"{_ONE}/findings", AddFinding),
    (f"{_ONE}/conclude", ConcludeValidation),
    (f"{_ONE}/withdraw", WithdrawValidation),
]
