"""The API of duty rosters: who of a function is on duty, now and in the next four weeks."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.rights import may
from outgoing.urls import LONGEST
from people.filters import DUTIES
from people.models import CalendarReading, DutyRoster, Function, User
from people.operations import calendar_reading
from people.operations import roster as operations
from people.queries import duty as duties
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class OnDutyRow(serializers.Serializer):
    """A time on duty. All are null if nobody can be on duty, or before the first turn."""

    person_id = serializers.IntegerField(allow_null=True)
    person_name = serializers.CharField(allow_null=True)
    instead_of_id = serializers.IntegerField(allow_null=True, help_text="Whose turn it is, who is away.")
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)


class CalendarRow(serializers.Serializer):
    """The calendar that a roster is read from, and its last readings."""

    host = serializers.CharField(help_text="The address itself is a secret.")
    read_at = serializers.DateTimeField(allow_null=True, help_text="The last successful reading.")
    tried_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(
        help_text="Why the last reading failed, empty if it did not. The plan of `read_at` applies."
    )
    unknown = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Who the calendar names and who cannot be on duty. Null except for administrators.",
    )


class DutyRow(serializers.Serializer):
    """The duty roster of a function."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    function_id = serializers.IntegerField()
    function_slug = serializers.CharField()
    function_name = serializers.CharField()
    people = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids, in the order of their turns."
    )
    starts_on = serializers.DateField(
        allow_null=True, help_text="The first day of the first turn. Null with a calendar."
    )
    length_days = serializers.IntegerField(help_text="The length of a turn.")
    hand_over_at = serializers.TimeField(help_text="When turns begin, in the zone of the organisation.")
    calendar = CalendarRow(allow_null=True, help_text="Null for a roster with turns.")
    now = OnDutyRow(help_text="Who is on duty.")
    upcoming = OnDutyRow(many=True, help_text="The next four weeks.")


class DutyChange(Body):
    people = serializers.ListField(
        child=Visible("person", User.objects.visible_to, by="email"),
        max_length=operations.MOST_PEOPLE,
        required=False,
        help_text="By id or email, in the order of their turns.",
    )
    starts_on = serializers.DateField(required=False)
    length_days = serializers.IntegerField(required=False, min_value=1, max_value=operations.LONGEST_TURN)
    hand_over_at = serializers.TimeField(required=False)
    calendar_url = serializers.CharField(
        required=False,
        max_length=LONGEST,
        help_text="The address of an iCalendar file. It is never read back.",
    )


class NewDuty(DutyChange):
    """The body that sets up a roster: `people` and `starts_on`, or `calendar_url`.

    length_days is 7, and hand_over_at is 09:00, if they are not sent.
    """

    function = Visible("function", Function.objects.visible_to, help_text="By slug or id.")


class _Duties(Resource):
    kind = "duty"
    slug = "function__slug"
    serializer_class = DutyRow
    columns = {
        "id": "id",
        "version": "version",
        "function_id": "function_id",
        "function_slug": "function__slug",
        "function_name": "function__name",
        "people": "people",
        "starts_on": "starts_on",
        "length_days": "length_days",
        "hand_over_at": "hand_over_at",
        "calendar": "calendar_url",
    }

    def rows(self, request: Request) -> QuerySet:
        return DutyRoster.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("function__subject")

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add who is on duty, with a constant number of queries."""
        ids = [row["id"] for row in found]
        planned, readings = duties.duty_plans(ids, at=clock.now()), duties.calendar_readings(ids)
        sees_unknown = may(request.user, "people.administrate")
        return [
            {
                **row,
                "calendar": _calendar(readings.get(row["id"]), sees_unknown),
                **_plan(planned[row["id"]]),
            }
            for row in found
        ]


class Duties(_Duties, Collection):
    """List the duty rosters of all functions. POST sets one up."""

    permission = {"GET": "people.person_view", "POST": "people.administrate"}
    bodies = {"POST": NewDuty}
    spec = DUTIES

    def post(self, request: Request) -> Response:
        values = read(NewDuty, request)
        roster = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, roster.pk, f"duties/{roster.pk}")


class DutyItem(_Duties, EditableItem):
    """A duty roster, by its id or the slug of its function."""

    permission = {
        "GET": "people.person_view",
        "PATCH": "people.administrate",
        "DELETE": "people.administrate",
    }
    body = DutyChange
    bodies = {"DELETE": None}
    operation = staticmethod(operations.change)

    def delete(self, request: Request, key: str) -> Response:
        """End a roster. The ladder then notifies everyone with the function again."""
        roster = self.found(request, key)
        seen = self.seen(request, roster)
        operations.end(roster, by=self.by(request), at=clock.now(), seen=seen)
        return Response(status=204)


class DutyRefresh(_Duties, Step):
    """Let a calendar be read again, within a minute. `calendar` of the answer has the readings before."""

    permission = {"POST": "people.administrate"}
    operation = calendar_reading.ask
    takes_version = False


def _calendar(reading: CalendarReading | None, sees_unknown: bool) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {
        "host": reading.roster.calendar_host,
        "read_at": reading.read_at,
        "tried_at": reading.tried_at,
        "error": reading.error,
        "unknown": reading.unknown if sees_unknown else None,
    }


def _plan(plan: list[duties.Duty]) -> dict[str, Any]:
    rows = [
        {
            "person_id": duty.person.pk if duty.person else None,
            "person_name": duty.person.name if duty.person else None,
            "instead_of_id": duty.instead_of.pk if duty.instead_of else None,
            "starts_at": duty.starts_at,
            "ends_at": duty.ends_at,
        }
        for duty in plan
    ]
    nobody = dict.fromkeys(OnDutyRow().fields)
    is_running = bool(plan) and plan[0].is_now
    return {"now": rows[0] if is_running else nobody, "upcoming": rows}


RESOURCES: list = [
    ("duties", Duties),
    ("duties/<str:key>", DutyItem),
    ("duties/<str:key>/refresh", DutyRefresh),
]
