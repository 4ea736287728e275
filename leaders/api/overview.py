"""The API of the executive page."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from leaders.filters import EXECUTIVE
from leaders.queries import overview
from leaders.queries.overview import Exposure, Overview
from people.models import Team
from rest.resource import SpecView


class ExposureRow(serializers.Serializer):
    """The live risks of a tier, category or team."""

    key = serializers.CharField(help_text="The slug of a category or team. Empty for a tier.")
    name = serializers.CharField()
    levels = serializers.ListField(
        child=serializers.IntegerField(), help_text="How many risks of level 1 to 5."
    )
    points = serializers.IntegerField(help_text="The sum of their scores.")
    trend = serializers.ListField(
        child=serializers.IntegerField(allow_null=True),
        help_text="The points of each of 14 weeks, the oldest first. null: no snapshot.",
    )


class CountRow(serializers.Serializer):
    """A number, and what it was four weeks before."""

    name = serializers.CharField()
    now = serializers.IntegerField()
    was = serializers.IntegerField(allow_null=True)


class HighRiskRow(serializers.Serializer):
    """One of the highest risks."""

    reference = serializers.CharField()
    title = serializers.CharField()
    score = serializers.IntegerField()
    level = serializers.IntegerField()
    was = serializers.IntegerField(allow_null=True, help_text="Its level 30 days before. null: opened since.")


class DurationRow(serializers.Serializer):
    """A median of what everyone may see, of the 90 days before."""

    name = serializers.CharField()
    number = serializers.IntegerField(help_text="How many it counts.")
    hours = serializers.FloatField(allow_null=True)
    was = serializers.FloatField(allow_null=True, help_text="Four weeks before.")


class WholeRow(serializers.Serializer):
    part = serializers.IntegerField()
    whole = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)


class HoursRow(serializers.Serializer):
    """Hours of the 30 days before."""

    allotted = serializers.IntegerField(help_text="By sponsors, a month.")
    meetings = serializers.IntegerField(help_text="Of everybody present.")
    reviews = serializers.IntegerField(help_text="An estimate: half an hour each.")
    actions = serializers.IntegerField(help_text="An estimate: S 2, M or none 8, L 24 hours each.")
    taken = serializers.IntegerField(help_text="The sum of the three.")


class FacilitationRow(serializers.Serializer):
    """How many meetings the people of a function facilitated."""

    function = serializers.CharField()
    number = serializers.IntegerField()
    share = serializers.IntegerField(help_text="In per cent.")
    was = serializers.IntegerField(allow_null=True, help_text="The share a quarter before.")


class MonthRow(serializers.Serializer):
    """The incidents of a month."""

    month = serializers.CharField(help_text="Such as 2026-11.")
    incidents = serializers.IntegerField()
    seen_first = serializers.IntegerField(help_text="Those that a breach had seen when they were noticed.")


class ExecutiveAnswer(serializers.Serializer):
    """The figures of a day, of the organisation or a team, as far as you may see what they count."""

    on = serializers.DateField(help_text="The day of the snapshot: the latest up to the day asked for.")
    at = serializers.DateTimeField(help_text="The moment that it describes.")
    is_derived = serializers.BooleanField(help_text="It was computed later, from history.")
    gaps = serializers.ListField(
        child=serializers.CharField(), help_text="What history does not tell of this day."
    )
    team_slug = serializers.CharField(allow_null=True)
    all = ExposureRow()
    tiers = ExposureRow(many=True)
    categories = ExposureRow(many=True)
    teams = ExposureRow(many=True)
    counts = CountRow(many=True)
    opened = serializers.IntegerField(help_text="Risks, in the 30 days before.")
    closed = serializers.IntegerField(help_text="Risks, in the 30 days before.")
    top = HighRiskRow(many=True)
    durations = DurationRow(many=True)
    held = WholeRow(help_text="Meetings, in the 90 days before.")
    attendance = WholeRow()
    follow_through = WholeRow(help_text="Actions done in time.")
    sponsors_present = WholeRow(help_text="Of the meetings with a sponsor.")
    decisions = serializers.IntegerField()
    hours = HoursRow()
    facilitation = FacilitationRow(many=True)
    incidents = MonthRow(many=True)


_EXPOSURE = ("key", "name", "levels", "points", "trend")


class Executive(SpecView):
    """Get the figures of a day from the nightly snapshot."""

    permission = {"GET": "leaders.executive_view"}
    answers = {"GET": (200, ExecutiveAnswer)}
    names_objects = True
    spec = EXECUTIVE

    def get(self, request: Request) -> Response:
        selection = self.selection(request)
        team = self._team(request, selection.texts.get("team", ""))
        found = overview.read(request.user, selection.values.get("on", (clock.today(),))[0], team)
        if found is None:
            raise NotFound("There is no snapshot of this day or of the month before it.")
        return Response(_answer(found))

    @staticmethod
    def _team(request: Request, slug: str) -> Team | None:
        if not slug:
            return None
        team = Team.objects.visible_to(request.user).filter(slug=slug).first()
        if team is None:
            raise NotFound(f"There is no team “{slug[:80]}”.")
        return team


def _rows(given: Sequence[Any], *names: str) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in names} for one in given]


def _exposure(row: Exposure) -> dict[str, Any]:
    return _rows([row], *_EXPOSURE)[0]


def _answer(found: Overview) -> dict[str, Any]:
    opened, closed = found.moved
    return {
        "on": found.snapshot.on,
        "at": found.snapshot.at,
        "is_derived": found.snapshot.is_derived,
        "gaps": found.gaps,
        "team_slug": found.team.slug if found.team else None,
        "all": _exposure(found.whole),
        "tiers": [_exposure(row) for row in found.tiers],
        "categories": [_exposure(row) for row in found.categories],
        "teams": [_exposure(row) for row in found.teams],
        "counts": _rows(found.counts, "name", "now", "was"),
        "opened": opened,
        "closed": closed,
        "top": _rows(found.top, "reference", "title", "score", "level", "was"),
        "durations": _rows(found.durations, "name", "number", "hours", "was"),
        **{
            name: _rows([getattr(found, name)], "part", "whole", "percent")[0]
            for name in ("held", "attendance", "follow_through", "sponsors_present")
        },
        "decisions": found.decisions,
        "hours": _rows([found.hours], "allotted", "meetings", "reviews", "actions", "taken")[0],
        "facilitation": _rows(found.facilitation, "function", "number", "share", "was"),
        "incidents": [
            {"month": f"{one.first:%Y-%m}", "incidents": one.incidents, "seen_first": one.seen_first}
            for one in found.incidents
        ],
    }


RESOURCES: list = [("executive", Executive)]
