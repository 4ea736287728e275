"""The API of the rollback procedure of a model: list, add, get, change, and record a rehearsal."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model, RollbackProcedure
from catalogue.operations import rollback as operations
from catalogue.queries import rollback as rollback_queries
from kit import clock
from lists.specification import ListSpec, Order
from people.models import User
from rest import keys
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedEditableItem, NestedStep


class RollbackRow(serializers.Serializer):
    """How a model is rolled back. A model has at most one procedure."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_id = serializers.IntegerField()
    steps = serializers.CharField(help_text="Markdown.")
    owner_id = serializers.IntegerField(allow_null=True)
    owner_name = serializers.CharField(source="owner.name", default=None, allow_null=True)
    rehearsed_on = serializers.DateField(allow_null=True, help_text="The last rehearsal.")
    rehearsal_note = serializers.CharField()


def people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class RollbackChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    steps = serializers.CharField(max_length=20_000, required=False)
    owner = Visible("person", people, by="email", required=False, allow_null=True)


class NewRollback(RollbackChange):
    """The body that adds the procedure."""

    steps = serializers.CharField(max_length=20_000)


class RehearsalBody(Body):
    on = serializers.DateField(help_text="Not later than today.")
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class _OfRollbacks(Nested):
    kind = "rollback_procedure"
    serializer_class = RollbackRow
    columns = {**{name: name for name in RollbackRow().fields}, "owner_name": "owner__name"}

    def parents(self, request: Request) -> QuerySet:
        return Model.objects.visible_to(request.user).select_related("subject", "owner_team")

    def parent(self, request: Request) -> Model:
        """Return the model that the address names by slug or id. Raises Http404."""
        lookup = keys.lookup(self.kwargs["key"], reference="", slug="slug")
        return get_object_or_404(self.parents(request), **lookup)

    def rows(self, request: Request) -> QuerySet:
        return RollbackProcedure.objects.visible_to(request.user).filter(model=self.parent(request))

    def objects(self, request: Request) -> QuerySet:
        return rollback_queries.procedures().visible_to(request.user).filter(model=self.parent(request))


class ModelRollbacks(_OfRollbacks, NestedCollection):
    """The rollback procedure of a model, in a list of at most one. POST adds it."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.model_change"}
    bodies = {"POST": NewRollback}
    spec = ListSpec(filters={}, orders={"id": Order("Oldest", ("id",))})

    def post(self, request: Request, key: str) -> Response:
        model = self.parent(request)
        self.require(request, "catalogue.model_change", model)
        values = read(NewRollback, request)
        procedure = operations.add(model, **values, by=self.by(request), at=clock.now())
        address = f"models/{model.slug}/rollbacks/{procedure.pk}"
        return self.created(request, procedure.pk, address)


class ModelRollbackItem(_OfRollbacks, NestedEditableItem):
    """The rollback procedure of a model, by its id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.rollback_change"}
    body = RollbackChange
    operation = staticmethod(operations.change)


class ModelRollbackRehearsal(_OfRollbacks, NestedStep):
    """Record a rehearsal of the rollback."""

    permission = {"POST": "catalogue.rollback_change"}
    body = RehearsalBody
    answers = {"POST": (200, RollbackRow)}
    operation = staticmethod(operations.rehearse)
    is_versioned = True


RESOURCES: list[tuple[str, Any]] = [
    ("models/<str:key>/rollbacks", ModelRollbacks),
    ("models/<str:key>/rollbacks/<str:number>", ModelRollbackItem),
    ("models/<str:key>/rollbacks/<str:number>/rehearsals", ModelRollbackRehearsal),
]
