"""API resources of meeting series."""

from typing import Any

from django.db.models import QuerySet, Value
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock, zones
from meetings.filters import SERIES
from meetings.models import AgendaTemplate, Focus, MeetingSeries
from meetings.operations import preview
from meetings.operations import series as operations
from meetings.states import Purpose
from people.models import Function, Team, User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from signals.states import SignalKind


class FocusRow(serializers.Serializer):
    """A theme of the cycle."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    name = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField(SignalKind.choices))
    questions = serializers.ListField(child=serializers.CharField())


class StandingItem(Body):
    """What each agenda of the series begins with."""

    title = serializers.CharField(max_length=300)
    purpose = serializers.ChoiceField(Purpose.choices)
    minutes = serializers.IntegerField(min_value=1, max_value=240)


class SeriesRow(serializers.Serializer):
    """A recurring meeting: schedule, participants, rotation and focus cycle."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    purpose = serializers.CharField()
    rrule = serializers.CharField(help_text="An RFC 5545 rule in the time zone of the series.")
    time_zone = serializers.CharField()
    first_on = serializers.DateField()
    starts_at = serializers.TimeField(help_text="Local time.")
    length_minutes = serializers.IntegerField()
    place = serializers.CharField()
    sponsor_id = serializers.IntegerField(allow_null=True)
    function_order = serializers.ListField(child=serializers.IntegerField())
    standing_items = StandingItem(many=True)
    is_check_in = serializers.BooleanField()
    has_observer = serializers.BooleanField(help_text="Whether each meeting has an observer.")
    is_draft = serializers.BooleanField()
    is_retired = serializers.BooleanField()
    team_ids = serializers.SerializerMethodField()
    participant_ids = serializers.SerializerMethodField()
    observer_team_ids = serializers.SerializerMethodField(
        help_text="The teams of the observers; empty for all other teams."
    )
    focuses = serializers.SerializerMethodField()

    def get_team_ids(self, series: MeetingSeries) -> list[int]:
        return sorted(series.teams.values_list("pk", flat=True))

    def get_participant_ids(self, series: MeetingSeries) -> list[int]:
        return sorted(series.participants.values_list("pk", flat=True))

    def get_observer_team_ids(self, series: MeetingSeries) -> list[int]:
        return sorted(series.observer_teams.values_list("pk", flat=True))

    def get_focuses(self, series: MeetingSeries) -> list[dict[str, Any]]:
        rows = series.focuses.filter(is_retired=False).order_by("position", "id")
        return [dict(FocusRow(row).data) for row in rows]


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class SeriesChange(Body):
    """The fields to change; fields that are not sent stay the same."""

    name = serializers.CharField(max_length=120, required=False)
    purpose = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    rrule = serializers.CharField(max_length=200, required=False)
    time_zone = serializers.CharField(max_length=64, required=False)
    first_on = serializers.DateField(required=False)
    starts_at = serializers.TimeField(required=False)
    length_minutes = serializers.IntegerField(min_value=5, max_value=480, required=False)
    place = serializers.CharField(max_length=300, required=False, allow_blank=True)
    teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to), max_length=200, required=False
    )
    participants = serializers.ListField(
        child=Visible("person", _people, by="email"), max_length=500, required=False
    )
    functions = serializers.ListField(
        child=Visible("function", Function.objects.visible_to), max_length=50, required=False
    )
    sponsor = Visible("person", _people, by="email", required=False, allow_null=True)
    standing_items = serializers.ListField(child=StandingItem(), required=False, max_length=20)
    is_check_in = serializers.BooleanField(required=False)
    has_observer = serializers.BooleanField(required=False)
    observer_teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to), max_length=200, required=False
    )

    def validate_time_zone(self, name: str) -> str:
        if name not in zones.names():
            raise serializers.ValidationError("Use a name such as Europe/Berlin.")
        return name


class NewSeries(SeriesChange):
    """A new series. It gets the default focus cycle and is planned twelve weeks ahead.

    A draft tells and mails nobody until it is published.
    """

    name = serializers.CharField(max_length=120)
    time_zone = serializers.CharField(max_length=64)
    first_on = serializers.DateField()
    starts_at = serializers.TimeField()
    is_draft = serializers.BooleanField(required=False)
    template = Visible(
        "agenda template",
        AgendaTemplate.objects.visible_to,
        by="name",
        required=False,
        allow_null=True,
        help_text="An id or a name. Its items come first among the standing items.",
    )


class _Series(Resource):
    kind = "meeting_series"
    serializer_class = SeriesRow
    columns = {
        "id": "id",
        "version": "version",
        "name": "name",
        "purpose": "purpose",
        "rrule": "rrule",
        "time_zone": "time_zone",
        "first_on": "first_on",
        "starts_at": "starts_at",
        "length_minutes": "length_minutes",
        "place": "place",
        "sponsor_id": "sponsor_id",
        "function_order": "function_order",
        "standing_items": "standing_items",
        "is_check_in": "is_check_in",
        "has_observer": "has_observer",
        "is_draft": "is_draft",
        "is_retired": "is_retired",
    }

    visible_rows = MeetingSeries.objects

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add participants and focuses to the rows. Two more queries, for any number of rows."""
        by_id = {row["id"]: row for row in rows}
        for row in rows:
            row |= {"team_ids": [], "participant_ids": [], "observer_team_ids": [], "focuses": []}
            row["starts_at"] = row["starts_at"].isoformat()
        teams, participants, observers = (
            through.objects.filter(meetingseries__in=by_id).values_list(
                "meetingseries_id", column, Value(name)
            )
            for name, through, column in (
                ("team_ids", MeetingSeries.teams.through, "team_id"),
                ("participant_ids", MeetingSeries.participants.through, "user_id"),
                ("observer_team_ids", MeetingSeries.observer_teams.through, "team_id"),
            )
        )
        for pk, other, name in sorted(teams.union(participants, observers)):
            by_id[pk][name].append(other)
        cycle = Focus.objects.filter(series__in=by_id, is_retired=False).order_by("position", "id")
        for focus in cycle.values("series_id", "id", "position", "name", "kinds", "questions"):
            by_id[focus.pop("series_id")]["focuses"].append(focus)
        return rows


class AllSeries(_Series, Collection):
    """Meeting series."""

    permission = {"GET": "meetings.meeting_view", "POST": "meetings.series_change"}
    bodies = {"POST": NewSeries}
    spec = SERIES

    def post(self, request: Request) -> Response:
        series = operations.add(**read(NewSeries, request), by=self.by(request), at=clock.now())
        return self.created(request, series.pk, f"meeting-series/{series.pk}")


class SeriesItem(_Series, EditableItem):
    """A meeting series, by id."""

    permission = {"GET": "meetings.meeting_view", "PATCH": "meetings.series_change"}
    body = SeriesChange
    operation = staticmethod(operations.change)


class PublishSeries(_Series, Step):
    """Publish a draft: its participants are invited."""

    permission = {"POST": "meetings.series_change"}
    answers = {"POST": (200, SeriesRow)}
    operation = staticmethod(operations.publish)
    is_versioned = True


class RetireSeries(_Series, Step):
    """Retire a series: its upcoming meetings are cancelled."""

    permission = {"POST": "meetings.series_change"}
    answers = {"POST": (200, SeriesRow)}
    operation = staticmethod(operations.retire)
    is_versioned = True


class MeetingEffectRow(serializers.Serializer):
    """What happens to one upcoming meeting: added, moved, cancelled, or new people for its tasks."""

    reference = serializers.CharField(help_text="Empty for a new meeting.")
    what = serializers.CharField()
    before = serializers.DateTimeField(allow_null=True)
    after = serializers.DateTimeField(allow_null=True)
    leads_before = serializers.IntegerField(allow_null=True)
    leads_after = serializers.IntegerField(allow_null=True)


class EffectsRow(serializers.Serializer):
    """What a change of a series would do. People are ids."""

    meetings = MeetingEffectRow(many=True)
    told = serializers.ListField(child=serializers.IntegerField())
    joining = serializers.ListField(child=serializers.IntegerField())
    leaving = serializers.ListField(child=serializers.IntegerField())


class PreviewSeries(_Series, Item):
    """What a change of a series would do: which meetings move, are cancelled or added, and who is told."""

    permission = {"POST": "meetings.series_change"}
    bodies = {"POST": SeriesChange}
    answers = {"POST": (200, EffectsRow)}

    def post(self, request: Request, key: str) -> Response:
        series = self.found(request, key)
        values = read(SeriesChange, request)
        effects = preview.of_change(series, values, by=self.by(request), at=clock.now())
        people = {"told": effects.notified, "joining": effects.joining, "leaving": effects.leaving}
        ids = {name: [person.pk for person in of_name] for name, of_name in people.items()}
        return Response({"meetings": MeetingEffectRow(effects.meetings, many=True).data, **ids})


RESOURCES: list = [
    ("meeting-series", AllSeries),
    ("meeting-series/<str:key>", SeriesItem),
    ("meeting-series/<str:key>/preview", PreviewSeries),
    ("meeting-series/<str:key>/publish", PublishSeries),
    ("meeting-series/<str:key>/retire", RetireSeries),
]
