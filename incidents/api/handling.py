"""The API of what is below an incident: its roles, timeline, updates and further models."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model, Version
from incidents.api.incident import IncidentResource
from incidents.filters.handling import INVOLVED_MODELS, UPDATES
from incidents.models import Incident, InvolvedModel, TimelineEntry, Update
from incidents.models.timeline import MAX_ENTRY, MAX_UPDATE
from incidents.operations import involved, role, timeline, update
from incidents.queries import incident as queries
from incidents.queries import role as roles
from incidents.queries import timeline as timelines
from incidents.queries.timeline import MAX_ROWS
from incidents.states import IncidentRole, IncidentState
from kit import clock
from people.models import User
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedEditableItem, NestedStep
from rest.resource import Item


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


# ------------------------------------------------------------------ roles


class IncidentRoleRow(serializers.Serializer):
    """A role in an incident, and who has it."""

    role = serializers.ChoiceField(IncidentRole.choices)
    person_id = serializers.IntegerField(source="person.pk", default=None, allow_null=True)
    person_name = serializers.CharField(source="person.name", default=None, allow_null=True)


class IncidentRoles(serializers.Serializer):
    """All roles in an incident."""

    results = IncidentRoleRow(many=True)


class AssignRoleBody(Body):
    role = serializers.ChoiceField(IncidentRole.choices)
    person = Visible(
        "person", _people, by="email", allow_null=True, help_text="By id or email; null gives the role up."
    )
    note = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, help_text="What they must know."
    )


class Roles(IncidentResource, Item):
    """Who has which role in an incident. POST gives a role, hands it over, or gives it up (`person` null)."""

    permission = {"GET": "incidents.incident_view", "POST": "incidents.incident_change"}
    bodies = {"POST": AssignRoleBody}
    answers = {"GET": (200, IncidentRoles), "POST": (200, IncidentRoles)}

    def get(self, request: Request, key: str) -> Response:
        return self._roles(request, self.found(request, key))

    def post(self, request: Request, key: str) -> Response:
        incident = self.found(request, key)
        self.require(request, "incidents.incident_change", incident)
        role.assign(incident, **read(AssignRoleBody, request), by=self.by(request), at=clock.now())
        return self._roles(request, incident)

    @staticmethod
    def _roles(request: Request, incident: Incident) -> Response:
        held = roles.roles_of(cast(User, request.user), incident)
        return Response({"results": IncidentRoleRow(held, many=True).data})


class TakeRoleBody(Body):
    role = serializers.ChoiceField(IncidentRole.choices)


class TakeRole(IncidentResource, Item):
    """Take a role in an incident."""

    permission = {"POST": "incidents.role_take"}
    bodies = {"POST": TakeRoleBody}
    answers = {"POST": (200, IncidentRoles)}

    def post(self, request: Request, key: str) -> Response:
        incident = self.found(request, key)
        self.require(request, "incidents.role_take", incident)
        taken = role.take(incident, **read(TakeRoleBody, request), by=self.by(request), at=clock.now())
        held = roles.roles_of(cast(User, request.user), taken)
        return Response({"results": IncidentRoleRow(held, many=True).data})


# ------------------------------------------------------------------ the timeline


class TimelineRowAnswer(serializers.Serializer):
    """One row of a timeline: a line that a person wrote (`entry`), or what Riskhub knows by itself."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(["entry", "moment", "update", "breach", "deployment", "snapshot"])
    text = serializers.CharField()
    link = serializers.CharField(help_text="The path of what it is about, empty without one.")
    author_id = serializers.IntegerField(allow_null=True)
    author_name = serializers.CharField(allow_null=True)
    entry_id = serializers.IntegerField(
        source="entry.pk", default=None, allow_null=True, help_text="The id of a line that a person wrote."
    )


class TimelineAnswer(serializers.Serializer):
    """The timeline of an incident, the earliest first."""

    results = TimelineRowAnswer(many=True)
    is_cut = serializers.BooleanField(
        help_text=f"True if earlier rows are left out. The answer has the latest {MAX_ROWS} of each kind."
    )


class TimelineEntryRow(serializers.Serializer):
    """A line that a person wrote into a timeline."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    happened_at = serializers.DateTimeField(source="at")
    text = serializers.CharField()
    author_id = serializers.IntegerField(allow_null=True)
    noted_at = serializers.DateTimeField()
    removed_at = serializers.DateTimeField(allow_null=True)


class TimelineEntryChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    text = serializers.CharField(max_length=MAX_ENTRY, required=False)
    happened_at = serializers.DateTimeField(required=False)


class NewTimelineEntry(Body):
    text = serializers.CharField(max_length=MAX_ENTRY)
    happened_at = serializers.DateTimeField(required=False, help_text="Now by default.")


class _BelowIncident(Nested):
    def parents(self, request: Request) -> QuerySet:
        return queries.incidents().visible_to(request.user)


class _Entries(_BelowIncident):
    kind = "timeline_entry"
    serializer_class = TimelineEntryRow
    columns = {
        "happened_at": "at",
        **{name: name for name in ("id", "version", "text", "author_id", "noted_at", "removed_at")},
    }

    def rows(self, request: Request) -> QuerySet:
        return TimelineEntry.objects.select_related("incident").filter(incident=self.parent(request))


class Timeline(_Entries, Item):
    """The timeline of an incident: lines that people wrote, and breaches, deployments, updates and snapshots.

    POST adds a line with its own moment.
    """

    permission = {"GET": "incidents.incident_view", "POST": "incidents.incident_change"}
    bodies = {"POST": NewTimelineEntry}
    answers = {"GET": (200, TimelineAnswer), "POST": (201, TimelineEntryRow)}

    def get(self, request: Request, key: str) -> Response:
        found = timelines.timeline(cast(User, request.user), self.parent(request), until=clock.now())
        return Response({"results": TimelineRowAnswer(found.rows, many=True).data, "is_cut": found.is_cut})

    def post(self, request: Request, key: str) -> Response:
        incident = self.parent(request)
        self.require(request, "incidents.incident_change", incident)
        entry = timeline.add(incident, **read(NewTimelineEntry, request), by=self.by(request), at=clock.now())
        return self.created(request, entry.pk, f"incidents/{incident.reference}/timeline/{entry.pk}")


class TimelineEntryItem(_Entries, NestedEditableItem):
    """A line that a person wrote into the timeline, by its id."""

    permission = {"GET": "incidents.incident_view", "PATCH": "incidents.part_change"}
    body = TimelineEntryChange
    operation = staticmethod(timeline.change)


class RemoveTimelineEntry(_Entries, NestedStep):
    """Remove a line from the timeline. History keeps it."""

    permission = {"POST": "incidents.part_change"}
    answers = {"POST": (200, TimelineEntryRow)}
    is_versioned = True
    operation = staticmethod(timeline.remove)


# ------------------------------------------------------------------ updates


class IncidentUpdateRow(serializers.Serializer):
    """An update that was sent to those concerned."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    state = serializers.ChoiceField(IncidentState.choices, help_text="Of the incident at that moment.")
    author_id = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()


class NewIncidentUpdate(Body):
    text = serializers.CharField(max_length=MAX_UPDATE)


class IncidentUpdates(_BelowIncident, NestedCollection):
    """The updates of an incident. POST sends one to those concerned: handlers, owners of models, watchers."""

    kind = "incident_update"
    serializer_class = IncidentUpdateRow
    permission = {"GET": "incidents.incident_view", "POST": "incidents.incident_change"}
    bodies = {"POST": NewIncidentUpdate}
    spec = UPDATES
    columns = {name: name for name in ("id", "text", "state", "author_id", "at")}

    def rows(self, request: Request) -> QuerySet:
        return Update.objects.filter(incident=self.parent(request))

    def post(self, request: Request, key: str) -> Response:
        incident = self.parent(request)
        self.require(request, "incidents.incident_change", incident)
        sent = update.send(incident, **read(NewIncidentUpdate, request), by=self.by(request), at=clock.now())
        return self.created(request, sent.pk, f"incidents/{incident.reference}/updates")


# ------------------------------------------------------------------ further models


class InvolvedModelRow(serializers.Serializer):
    """A further model that an incident is about."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_slug = serializers.CharField()
    model_version_id = serializers.IntegerField(allow_null=True)
    added_at = serializers.DateTimeField()


class NewInvolvedModel(Body):
    model = Visible("model", Model.objects.visible_to)
    model_version = Visible("version", Version.objects.visible_to, by="pk", required=False, allow_null=True)


class _InvolvedModels(_BelowIncident):
    kind = "involved_model"
    serializer_class = InvolvedModelRow
    columns = {
        "model_slug": "model__slug",
        **{name: name for name in ("id", "version", "model_version_id", "added_at")},
    }

    def rows(self, request: Request) -> QuerySet:
        seen = Model.objects.visible_to(request.user)
        rows = InvolvedModel.objects.filter(incident=self.parent(request), model__in=seen.values("pk"))
        return rows.select_related("incident", "model").filter(removed_at__isnull=True)


class InvolvedModels(_InvolvedModels, NestedCollection):
    """The further models that an incident is about. POST adds one, or sets its version."""

    permission = {"GET": "incidents.incident_view", "POST": "incidents.incident_change"}
    bodies = {"POST": NewInvolvedModel}
    spec = INVOLVED_MODELS

    def post(self, request: Request, key: str) -> Response:
        incident = self.parent(request)
        self.require(request, "incidents.incident_change", incident)
        row = involved.add(incident, **read(NewInvolvedModel, request), by=self.by(request), at=clock.now())
        return self.created(request, row.pk, f"incidents/{incident.reference}/models")


class RemoveInvolvedModel(_InvolvedModels, NestedStep):
    """Remove a further model from an incident."""

    permission = {"POST": "incidents.part_change"}
    answers = {"POST": (204, None)}
    operation = staticmethod(involved.remove)

    def answer(self, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


RESOURCES: list = [
    ("incidents/<str:key>/roles", Roles),
    ("incidents/<str:key>/roles/take", TakeRole),
    ("incidents/<str:key>/timeline", Timeline),
    ("incidents/<str:key>/timeline/<str:number>", TimelineEntryItem),
    ("incidents/<str:key>/timeline/<str:number>/remove", RemoveTimelineEntry),
    ("incidents/<str:key>/updates", IncidentUpdates),
    ("incidents/<str:key>/models", InvolvedModels),
    ("incidents/<str:key>/models/<str:number>/remove", RemoveInvolvedModel),
]
