"""A meeting series: added with its focus cycle, changed, retired."""

import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from meetings import cadence, events
from meetings.models import Focus, Meeting, MeetingSeries
from meetings.operations import agenda, meeting, rota
from meetings.states import DEFAULT_CYCLE, MeetingState, Theme
from people.models import Function, Team, User, is_time_zone

CHANGEABLE = frozenset(
    {
        "name",
        "purpose",
        "rrule",
        "time_zone",
        "first_on",
        "starts_at",
        "length_minutes",
        "place",
        "functions",
        "sponsor",
        "teams",
        "participants",
    }
)
_WHO = frozenset({"teams", "participants", "functions"})
_FIELDS = CHANGEABLE - _WHO | {"function_order"}
_WHEN = frozenset({"rrule", "time_zone", "first_on", "starts_at", "length_minutes"})
_SHORTEST, _LONGEST = 5, 480
_FIRST_WITHIN_YEARS = 50


@transaction.atomic
def add(
    *,
    name: str,
    first_on: date,
    starts_at: time,
    time_zone: str,
    by: Actor,
    at: datetime,
    rrule: str = "FREQ=WEEKLY",
    length_minutes: int = 45,
    purpose: str = "",
    place: str = "",
    teams: Collection[Team] = (),
    participants: Collection[User] = (),
    functions: Sequence[Function] = (),
    sponsor: User | None = None,
    cycle: Sequence[Theme] = DEFAULT_CYCLE,
) -> MeetingSeries:
    """A new series with its focus cycle, planned twelve weeks ahead.

    functions: in the order of the turn; those of the people who take part follow by name. cycle: its focuses.
    Raises Refused(field=…) for a name, zone, rule or length that cannot be.
    """
    values: dict[str, Any] = {
        "name": name.strip(),
        "rrule": rrule.strip().upper().removeprefix("RRULE:"),
        "time_zone": time_zone,
        "first_on": first_on,
        "starts_at": starts_at.replace(second=0, microsecond=0),
        "length_minutes": length_minutes,
        "purpose": purpose,
        "place": place,
        "function_order": [function.pk for function in functions],
        "sponsor": sponsor,
    }
    _check(values)
    _check_rule(values, at)
    series = MeetingSeries(**values)
    focuses = [
        Focus(
            series=series,
            position=position,
            name=theme.name,
            kinds=list(theme.kinds),
            questions=list(theme.questions),
        )
        for position, theme in enumerate(cycle, start=1)
    ]
    history.record(series, events.SeriesAdded(**_who(teams, participants)), by=by, at=at, rows=focuses)
    series.teams.set(teams)
    series.participants.set(participants)
    for focus, theme in zip(focuses, cycle, strict=True):
        focus.functions.set(Function.objects.filter(slug__in=theme.functions))
    meeting.plan(series, at=at)
    return series


@transaction.atomic
def change(
    series: MeetingSeries,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> MeetingSeries:
    """Change fields of CHANGEABLE, also who takes part; meetings to come follow.

    teams, participants: all of them. functions: in the order of the rotation. Raises Refused(field=…),
    ChangedMeanwhile.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    teams, participants = values.get("teams"), values.get("participants")
    fields = {name: value for name, value in values.items() if name not in _WHO}
    if "functions" in values:
        fields["function_order"] = [function.pk for function in values["functions"]]
    if "rrule" in fields:
        fields["rrule"] = fields["rrule"].strip().upper().removeprefix("RRULE:")
    before = {name: getattr(series, name) for name in _FIELDS}
    after = {**before, **fields}
    _check(after)
    is_rescheduled = any(after[name] != before[name] for name in _WHEN)
    if is_rescheduled:
        _check_rule(after, at)
    payload = _changed_people(series, teams, participants)
    event = history.change(
        series, fields, by=by, at=at, seen=seen, verb="meetings.series_changed", payload=payload
    )
    if event is None:
        return series
    if teams is not None:
        series.teams.set(teams)
    if participants is not None:
        series.participants.set(participants)
    if "name" in fields:
        _retitle(series, at)
    if is_rescheduled:
        meeting.realign(series, by=by, at=at, cause=event)
    meeting.plan(series, by=by, at=at)
    return series


@transaction.atomic
def retire(series: MeetingSeries, *, by: Actor, at: datetime, seen: int | None = None) -> MeetingSeries:
    """It meets no more: meetings to come are cancelled, what waits there goes where it fits."""
    if series.is_retired:
        return series
    verb = "meetings.series_retired"
    event = history.change(series, {"is_retired": True}, by=by, at=at, seen=seen, verb=verb)
    history.retire(series)
    history.drop_dues(series.subject_id, rota.PLAN)
    meeting.cancel_all(series, reason="The series was retired.", by=by, at=at, cause=event)
    agenda.place_waiting(at=at)
    return series


def _check(values: Mapping[str, Any]) -> None:
    if not values["name"]:
        raise Refused("Enter a name.", field="name")
    if not _SHORTEST <= values["length_minutes"] <= _LONGEST:
        raise Refused(f"Use {_SHORTEST} to {_LONGEST} minutes.", field="length_minutes")
    try:
        is_time_zone(values["time_zone"])
    except Exception as error:
        raise Refused(" ".join(error.messages), field="time_zone") from None  # type: ignore[attr-defined]


def _check_rule(values: Mapping[str, Any], at: datetime) -> None:
    """Raise Refused if the rule cannot be followed or gives no meeting after `at`."""
    if abs(values["first_on"].year - at.year) > _FIRST_WITHIN_YEARS:
        raise Refused(f"Choose a first day within {_FIRST_WITHIN_YEARS} years of today.", field="first_on")
    try:
        cadence.check(
            values["rrule"],
            zone=zoneinfo.ZoneInfo(values["time_zone"]),
            first_on=values["first_on"],
            starts_at=values["starts_at"],
            at=at,
        )
    except cadence.BadRule as error:
        raise Refused(str(error), field="rrule") from None


def _who(teams: Collection[Team], participants: Collection[User]) -> dict[str, list[int]]:
    """Who takes part, as history keeps it: subjects, which can outlive a name."""
    return {
        "teams": sorted(team.subject_id for team in teams),
        "participants": sorted(user.subject_id for user in participants),
    }


def _changed_people(
    series: MeetingSeries, teams: Collection[Team] | None, participants: Collection[User] | None
) -> events.SeriesChanged | None:
    """The payload of a change of who takes part; None when it did not change."""
    changed = {}
    for name, given in (("teams", teams), ("participants", participants)):
        if given is not None:
            old = sorted(getattr(series, name).values_list("subject_id", flat=True))
            new = sorted(one.subject_id for one in given)
            if old != new:
                changed[name] = [old, new]
    return events.SeriesChanged(**changed) if changed else None


def _retitle(series: MeetingSeries, at: datetime) -> None:
    history.retitle(series)
    for one in Meeting.objects.filter(series=series, state=MeetingState.PLANNED, starts_at__gt=at):
        one.series = series
        history.retitle(one)
