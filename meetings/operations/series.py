"""Add a meeting series with its focus cycle, change it, retire it."""

import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from meetings import cadence, events
from meetings.models import AgendaTemplate, Focus, Meeting, MeetingSeries
from meetings.operations import agenda_template, bulk_placement, meeting, participation, standing, turns
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
        "standing_items",
        "is_check_in",
        "has_observer",
        "teams",
        "participants",
        "observer_teams",
    }
)
_RELATIONS = frozenset({"teams", "participants", "functions", "observer_teams"})
_PEOPLE = ("teams", "participants", "observer_teams")
_FIELDS = CHANGEABLE - _RELATIONS | {"function_order"}
_SCHEDULE = frozenset({"rrule", "time_zone", "first_on", "starts_at", "length_minutes"})
_SHORTEST, _LONGEST = 5, 480
# How long ago the first day of a new schedule is at most.
_LONGEST_AGO = timedelta(days=366)


class SeriesDetails(TypedDict, total=False):
    """The optional fields of a new series. standing_items: as in MeetingSeries."""

    length_minutes: int
    purpose: str
    place: str
    sponsor: User | None
    standing_items: Sequence[Mapping[str, Any]]
    is_check_in: bool
    has_observer: bool
    is_draft: bool


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
    teams: Collection[Team] = (),
    participants: Collection[User] = (),
    observer_teams: Collection[Team] = (),
    functions: Sequence[Function] = (),
    cycle: Sequence[Theme] = DEFAULT_CYCLE,
    template: AgendaTemplate | None = None,
    **details: Unpack[SeriesDetails],
) -> MeetingSeries:
    """Add a series with its focus cycle, and plan twelve weeks ahead. A draft tells and mails nobody.

    first_on, starts_at: local, in time_zone. observer_teams: of the observers; without any, all others.
    functions: in the order of the rotation; others follow by name. cycle: its focuses; a check-in has none.
    template: its items precede the standing items. details: SeriesDetails. Raises Refused(field=…).
    """
    values: dict[str, Any] = {
        "name": name.strip(),
        "rrule": _normalized(rrule),
        "time_zone": time_zone,
        "first_on": first_on,
        "starts_at": starts_at.replace(second=0, microsecond=0),
        "length_minutes": 45,
        "function_order": [function.pk for function in functions],
        **details,
        "standing_items": [*agenda_template.items_of(template), *details.get("standing_items", ())],
    }
    _check(values)
    _check_rule(values, at)
    series = MeetingSeries(**values)
    themes = () if details.get("is_check_in") else cycle
    focuses = [_new_focus(series, position, theme) for position, theme in enumerate(themes, start=1)]
    payload = events.SeriesAdded(**_subjects_of(teams, participants, observer_teams))
    history.record(series, payload, by=by, at=at, rows=focuses)
    _set_relations(series, {"teams": teams, "participants": participants, "observer_teams": observer_teams})
    _set_required_functions(focuses, themes)
    meeting.plan(series, at=at)
    return series


def _set_required_functions(focuses: Sequence[Focus], cycle: Sequence[Theme]) -> None:
    for focus, theme in zip(focuses, cycle, strict=True):
        focus.functions.set(Function.objects.filter(slug__in=theme.functions))


def _set_relations(series: MeetingSeries, values: Mapping[str, Any]) -> None:
    """Replace the teams, participants and teams of observers that the values have."""
    for name in _PEOPLE:
        if name in values:
            getattr(series, name).set(values[name])


def _normalized(rule: str) -> str:
    return rule.strip().upper().removeprefix("RRULE:")


def _new_focus(series: MeetingSeries, position: int, theme: Theme) -> Focus:
    """Return an unsaved focus. position: from 1."""
    return Focus(
        series=series,
        position=position,
        name=theme.name,
        kinds=list(theme.kinds),
        questions=list(theme.questions),
    )


@transaction.atomic
def change(
    series: MeetingSeries,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> MeetingSeries:
    """Change fields of CHANGEABLE, and apply the change to planned meetings.

    values: field -> value; teams and people replace the current ones, functions are in the order of
    the rotation. Raises Refused(field=…), ChangedMeanwhile.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    fields = {name: value for name, value in values.items() if name not in _RELATIONS}
    if "functions" in values:
        fields["function_order"] = [function.pk for function in values["functions"]]
    if "rrule" in fields:
        fields["rrule"] = _normalized(fields["rrule"])
    before = {name: getattr(series, name) for name in _FIELDS}
    after = {**before, **fields}
    _check(after)
    is_rescheduled = any(after[name] != before[name] for name in _SCHEDULE)
    if is_rescheduled:
        _check_rule(after, at, former=before["first_on"])
    payload = _changed_people(series, values)
    took_part = participation.ids(series)
    event = history.change(
        series, fields, by=by, at=at, seen=seen, verb="meetings.series_changed", payload=payload
    )
    if event is None:
        return series
    _set_relations(series, values)
    participation.note(series, took_part, by=by, at=at, cause=event)
    if "name" in fields:
        _retitle(series, at)
    if is_rescheduled:
        meeting.realign(series, by=by, at=at, cause=event)
    meeting.plan(series, by=by, at=at)
    return series


@transaction.atomic
def publish(series: MeetingSeries, *, by: Actor, at: datetime, seen: int | None = None) -> MeetingSeries:
    """Publish a draft: its participants are invited, its meetings get items. Raises Refused otherwise."""
    if series.is_retired or not series.is_draft:
        raise Refused("Only a draft can be published.")
    history.change(series, {"is_draft": False}, by=by, at=at, seen=seen, verb="meetings.series_published")
    meeting.plan(series, by=by, at=at)
    return series


@transaction.atomic
def retire(series: MeetingSeries, *, by: Actor, at: datetime, seen: int | None = None) -> MeetingSeries:
    """Retire a series: cancel its planned meetings, and move their items to suitable meetings."""
    if series.is_retired:
        return series
    verb = "meetings.series_retired"
    event = history.change(series, {"is_retired": True}, by=by, at=at, seen=seen, verb=verb)
    history.retire(series)
    history.drop_dues(series.subject_id, turns.PLAN)
    meeting.cancel_all(series, reason="The series was retired.", by=by, at=at, cause=event)
    bulk_placement.place_waiting(at=at)
    return series


def _check(values: Mapping[str, Any]) -> None:
    if not values["name"]:
        raise Refused("Enter a name.", field="name")
    standing.check(values["standing_items"], field="standing_items")
    if not _SHORTEST <= values["length_minutes"] <= _LONGEST:
        raise Refused(f"Use {_SHORTEST} to {_LONGEST} minutes.", field="length_minutes")
    try:
        is_time_zone(values["time_zone"])
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="time_zone") from None


def _check_first_day(first_on: date, at: datetime) -> None:
    """Raise Refused for a new first day that is long past. It may be past: it sets the days that follow."""
    if first_on < at.date() - _LONGEST_AGO:
        raise Refused(
            f"{first_on:%-d %B %Y} is more than a year ago. Choose a first day within the last year, or a day"
            " that is still ahead.",
            field="first_on",
        )


def _check_rule(values: Mapping[str, Any], at: datetime, former: date | None = None) -> None:
    """Raise Refused if the rule cannot be followed, gives no meeting after `at`, or begins long ago.

    former: the first day until now, which may stay.
    """
    if values["first_on"] != former:
        _check_first_day(values["first_on"], at)
    if abs(values["first_on"].year - at.year) > turns.WITHIN_YEARS:
        raise Refused(f"Choose a first day within {turns.WITHIN_YEARS} years of today.", field="first_on")
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


def _subjects_of(
    teams: Collection[Team], participants: Collection[User], observer_teams: Collection[Team]
) -> dict[str, list[int]]:
    """Return the subject ids of teams and participants for an event. They stay valid if a name is erased."""
    return {
        "teams": sorted(team.subject_id for team in teams),
        "participants": sorted(user.subject_id for user in participants),
        "observer_teams": sorted(team.subject_id for team in observer_teams),
    }


def _changed_people(series: MeetingSeries, values: Mapping[str, Any]) -> events.SeriesChanged | None:
    """Return the payload of a change of teams or participants; None if they did not change."""
    changed = {}
    for name in _PEOPLE:
        if name in values:
            old = sorted(getattr(series, name).values_list("subject_id", flat=True))
            new = sorted(row.subject_id for row in values[name])
            if old != new:
                changed[name] = [old, new]
    return events.SeriesChanged(**changed) if changed else None


def _retitle(series: MeetingSeries, at: datetime) -> None:
    """Update the titles of the series and of its planned meetings, which contain its name."""
    history.retitle(series)
    for planned in Meeting.objects.filter(series=series, state=MeetingState.PLANNED, starts_at__gt=at):
        planned.series = series
        history.retitle(planned)
