"""What a change of a series will do: it is made, compared and rolled back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from kit.actor import Actor
from lists.collation import sort_key
from meetings.models import Meeting, MeetingSeries
from meetings.operations import participation
from meetings.operations import series as operations
from meetings.states import WHAT_CALENDARS_SHOW, MeetingState
from people.models import User

TASKS = ("facilitator", "scribe", "observer")


@dataclass(frozen=True, slots=True)
class MeetingEffect:
    """What happens to one upcoming meeting. reference: "" for a new one.

    before, after: the start, None where there is none. leads_before, leads_after: ids of facilitators.
    tasks: those that another person has afterwards, of TASKS.
    """

    reference: str
    before: datetime | None
    after: datetime | None
    leads_before: int | None
    leads_after: int | None
    tasks: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        if self.before is None:
            return "added"
        if self.after is None:
            return "cancelled"
        return "moved" if self.before != self.after else f"new {' and '.join(self.tasks)}"


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change does. notified: people who are mailed that it changed; joining, leaving: participants."""

    meetings: list[MeetingEffect]
    notified: list[User]
    joining: list[User]
    leaving: list[User]

    @property
    def is_none(self) -> bool:
        return not (self.meetings or self.notified or self.joining or self.leaving)


class _RolledBack(Exception):
    def __init__(self, effects: Effects) -> None:
        super().__init__()
        self.effects = effects


def of_change(series: MeetingSeries, values: Mapping[str, Any], *, by: Actor, at: datetime) -> Effects:
    """Return what operations.series.change() would do. Nothing is stored. Raises Refused as it does."""
    changing = MeetingSeries.objects.select_related("subject").get(pk=series.pk)
    try:
        with transaction.atomic():
            planned, people = _planned(series, at), participation.ids(series)
            before = {name: getattr(changing, name) for name in WHAT_CALENDARS_SHOW}
            operations.change(changing, values, by=by, at=at)
            is_announced = any(getattr(changing, name) != value for name, value in before.items())
            raise _RolledBack(_effects(changing, planned, people, is_announced, at))
    except _RolledBack as found:
        return found.effects


def _planned(series: MeetingSeries, at: datetime) -> dict[int, Meeting]:
    rows = Meeting.objects.filter(series=series, state=MeetingState.PLANNED, starts_at__gt=at)
    return {meeting.pk: meeting for meeting in rows.select_related("subject")}


def _changed_tasks(old: Meeting | None, new: Meeting | None) -> tuple[str, ...]:
    if old is None or new is None:
        return ()
    return tuple(task for task in TASKS if getattr(old, f"{task}_id") != getattr(new, f"{task}_id"))


def _effects(
    series: MeetingSeries,
    before: dict[int, Meeting],
    people: frozenset[int],
    is_announced: bool,
    at: datetime,
) -> Effects:
    after = _planned(series, at)
    found = []
    for pk in before.keys() | after.keys():
        old, new = before.get(pk), after.get(pk)
        effect = MeetingEffect(
            old.reference if old else "",
            old.starts_at if old else None,
            new.starts_at if new else None,
            old.facilitator_id if old else None,
            new.facilitator_id if new else None,
            _changed_tasks(old, new),
        )
        if effect.before != effect.after or effect.tasks:
            found.append(effect)
    now = participation.ids(series)
    notified = now & people if is_announced and not series.is_draft else frozenset()
    users = User.objects.in_bulk(now | people)
    return Effects(
        sorted(found, key=lambda one: one.before or one.after or at),
        *(
            sorted((users[pk] for pk in ids if pk in users), key=lambda user: sort_key(user.name))
            for ids in (notified, now - people, people - now)
        ),
    )
