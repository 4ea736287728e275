"""Tell people that they take part in a series now, or no longer."""

from collections.abc import Collection
from datetime import datetime

from history import operations as history
from history.models import Event
from history.queries import later_than, present_data
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from meetings import events
from meetings.models import MeetingSeries
from meetings.queries import series as series_queries
from people.models import Team, User


def ids(series: MeetingSeries) -> frozenset[int]:
    """Return the ids of the participants of a series."""
    return frozenset(series_queries.participants(series).values_list("pk", flat=True))


def note(series: MeetingSeries, before: Collection[int], *, by: Actor, at: datetime, cause: Event) -> None:
    """Record who joined and who left a series since its participants were `before` (ids).

    The event invites those who joined, and ends the invitation of those who left.
    """
    if series.is_draft:
        return
    now = ids(series)
    if joined := sorted(now.difference(before)):
        history.record(series, events.ParticipantsJoined(people=joined), by=by, at=at, cause=cause)
    if left := sorted(set(before) - now):
        history.record(series, events.ParticipantsLeft(people=left), by=by, at=at, cause=cause)


@handler("meetings.participation.member_added")
@history.in_one_transaction
def on_member_added(event: Event, *, at: datetime) -> None:
    """Invite a new member of a team to its series, if they took no part before.

    The event is about the team.
    """
    person, others = _person_and_series(event)
    for series in others:
        is_here = person.pk in ids(series)
        if is_here and not _takes_part_otherwise(person, series, event):
            note(series, ids(series) - {person.pk}, by=SYSTEM, at=at, cause=event)


@handler("meetings.participation.member_removed")
@history.in_one_transaction
def on_member_removed(event: Event, *, at: datetime) -> None:
    """End the invitations of a former member of a team. The event is about the team."""
    person, others = _person_and_series(event)
    for series in others:
        if person.pk not in ids(series):
            note(series, ids(series) | {person.pk}, by=SYSTEM, at=at, cause=event)


def _person_and_series(event: Event) -> tuple[User, list[MeetingSeries]]:
    """Return the person and the series of the team that have not told them since the event."""
    person = User.objects.select_related("subject").get(subject=present_data(event)["person"])
    used = MeetingSeries.objects.filter(is_retired=False, is_draft=False, teams__subject=event.subject_id)
    if not person.is_active:
        return person, []
    return person, [
        series
        for series in used.select_related("subject").order_by("pk")
        if not _is_told_later(person, series, event)
    ]


def _is_told_later(person: User, series: MeetingSeries, event: Event) -> bool:
    """Return True if the series began after the event, or its participants were told about this person."""
    beginnings = ("meetings.series_added", "meetings.series_published")
    joined, left = events.ParticipantsJoined.verb, events.ParticipantsLeft.verb
    later = Event.objects.filter(
        later_than(event), subject=series.subject_id, verb__in=(*beginnings, joined, left)
    )
    return any(other.verb in beginnings or person.pk in present_data(other)["people"] for other in later)


def _takes_part_otherwise(person: User, series: MeetingSeries, event: Event) -> bool:
    """Return True if the person is named, or is in another team of the series."""
    if series.participants.filter(pk=person.pk).exists():
        return True
    teams = Team.objects.filter(memberships__user=person).exclude(subject=event.subject_id)
    return series.teams.filter(pk__in=teams).exists()
