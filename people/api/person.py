"""The read-only API of people, teams and functions. Pages edit them; writers of the API need their ids."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from people import queries
from people.filters import FUNCTIONS, PEOPLE, READINGS, TEAMS
from people.models import Function, Membership, Team, User
from people.operations import auditor
from people.states import Role
from rest.fields import Body
from rest.nested import NestedCollection
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class PersonRow(serializers.Serializer):
    """A person of the organisation, active or deactivated."""

    id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    handle = serializers.SlugField(help_text="What mentions this person in a comment, after an @.")
    email = serializers.EmailField()
    role = serializers.ChoiceField(Role.choices)
    function_id = serializers.IntegerField(allow_null=True)
    function_slug = serializers.CharField(source="function.slug", default=None, allow_null=True)
    time_zone = serializers.CharField(help_text="Empty: as the organisation.")
    country = serializers.CharField(help_text="Whose public holidays apply. Empty: as the organisation.")
    subdivision = serializers.CharField(help_text="A part of the country, such as BY. May be empty.")
    is_active = serializers.BooleanField(help_text="false: this person left.")
    audits_until = serializers.DateField(
        allow_null=True, help_text="The last day as an auditor, who reads everything."
    )
    team_ids = serializers.ListField(child=serializers.IntegerField())


class TeamRow(serializers.Serializer):
    """A team of people."""

    id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    version = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    lead_id = serializers.IntegerField(allow_null=True)
    lead_name = serializers.CharField(source="lead.name", default=None, allow_null=True)
    member_ids = serializers.ListField(child=serializers.IntegerField())


class FunctionRow(serializers.Serializer):
    """A discipline, such as data science."""

    id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    version = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class _People(Resource):
    kind = "person"
    serializer_class = PersonRow
    columns = {
        "id": "id",
        "subject_id": "subject_id",
        "version": "version",
        "name": "name",
        "handle": "handle",
        "email": "email",
        "role": "role",
        "function_id": "function_id",
        "function_slug": "function__slug",
        "time_zone": "time_zone",
        "country": "country",
        "subdivision": "subdivision",
        "is_active": "is_active",
        "audits_until": "audits_until",
    }

    visible_rows = User.objects

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return _with(found, "team_ids", "user_id", "team_id")


class People(_People, Collection):
    """List all people, including deactivated ones."""

    permission = {"GET": "people.person_view"}
    spec = PEOPLE


class PersonItem(_People, Item):
    """Get a person by id."""

    permission = {"GET": "people.person_view"}


class AuditBody(Body):
    until = serializers.DateField(help_text="The last day.")


class _PersonStep(_People, Step):
    permission = {"POST": "people.administrate"}
    answers = {"POST": (200, PersonRow)}
    is_versioned = True


class AppointAuditor(_PersonStep):
    """Let a viewer read everything until a date. Each reading is logged."""

    body = AuditBody
    operation = staticmethod(auditor.appoint)


class EndAudit(_PersonStep):
    """End the rights of an auditor before their date."""

    operation = staticmethod(auditor.end)


class ReadingRow(serializers.Serializer):
    """A request of an auditor."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    path = serializers.CharField(help_text="The address, with its query.")
    restricted = serializers.ListField(
        child=serializers.CharField(), help_text="The restricted objects that the answer showed."
    )


class Readings(NestedCollection):
    """List what a person read as an auditor, the latest first."""

    permission = {"GET": "people.administrate"}
    kind = "reading"
    serializer_class = ReadingRow
    columns = {"id": "id", "at": "at", "path": "data__path", "restricted": "data__restricted"}
    spec = READINGS

    def parents(self, request: Request) -> QuerySet[User]:
        return User.objects.visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return queries.readings_of(self.parent(request))


class _Teams(Resource):
    kind = "team"
    slug = "slug"
    serializer_class = TeamRow
    columns = {
        "id": "id",
        "subject_id": "subject_id",
        "version": "version",
        "slug": "slug",
        "name": "name",
        "lead_id": "lead_id",
        "lead_name": "lead__name",
    }

    visible_rows = Team.objects

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return _with(found, "member_ids", "team_id", "user_id")


class Teams(_Teams, Collection):
    """List all teams."""

    permission = {"GET": "people.team_view"}
    spec = TEAMS


class TeamItem(_Teams, Item):
    """Get a team by slug or id."""

    permission = {"GET": "people.team_view"}


class _Functions(Resource):
    kind = "function"
    slug = "slug"
    serializer_class = FunctionRow
    columns = {name: name for name in ("id", "subject_id", "version", "slug", "name")}

    visible_rows = Function.objects


class Functions(_Functions, Collection):
    """List all functions."""

    permission = {"GET": "people.person_view"}
    spec = FUNCTIONS


class FunctionItem(_Functions, Item):
    """Get a function by slug or id."""

    permission = {"GET": "people.person_view"}


def _with(found: list[dict[str, Any]], name: str, mine: str, theirs: str) -> list[dict[str, Any]]:
    """Add the other ends of memberships to the rows, with one query."""
    ends: dict[int, list[int]] = {row["id"]: [] for row in found}
    pairs = Membership.objects.filter(**{f"{mine}__in": list(ends)}).order_by(theirs)
    for here, there in pairs.values_list(mine, theirs):
        ends[here].append(there)
    return [{**row, name: ends[row["id"]]} for row in found]


RESOURCES: list = [
    ("people", People),
    ("people/<str:key>", PersonItem),
    ("people/<str:key>/audit", AppointAuditor),
    ("people/<str:key>/end-audit", EndAudit),
    ("people/<str:key>/readings", Readings),
    ("teams", Teams),
    ("teams/<str:key>", TeamItem),
    ("functions", Functions),
    ("functions/<str:key>", FunctionItem),
]
