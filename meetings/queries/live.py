"""Read a live or past meeting as one reader may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet

from actions.models import Action
from history.models import is_open_to
from kit.prepared import Argument, Prepared
from lists.collation import BY_NAME
from meetings.models import Attendance, Decision, Meeting, RaisedRisk
from meetings.queries import agenda as agendas
from meetings.queries import decision as decisions
from meetings.queries.glance import HERE_WITHIN
from meetings.queries.series import participants
from meetings.states import DecisionState, ItemState
from people.models import Function, User
from risklog.models import Risk


@dataclass(frozen=True, slots=True)
class LiveDecision:
    """A decision with what it lacks: a reason, an action, or neither. actions: their number."""

    decision: Decision
    lacks_reason: bool
    lacks_action: bool
    actions: int


@dataclass(frozen=True, slots=True)
class Live:
    """A meeting as one reader may see it while it is live, and its minutes afterwards.

    current: the line being discussed, None between items. line: the line that the page shows: the current
    one, or another that the reader chose. following: the waiting line that comes next. previous: the line
    to go back to. risks: recorded in this meeting. people: the participants, and the observer.
    ends_at: when the minutes of the current item are used up, None while it is paused; seconds_left: of a
    paused item. behind: minutes behind the plan (negative: ahead of it).
    present: ids of people. here: the people whose browser shows the live page now. absent_functions: required
    by the focus, and nobody who is present has them; empty until attendance is recorded.
    """

    agenda: agendas.Agenda
    current: agendas.Line | None
    line: agendas.Line | None
    following: agendas.Line | None
    previous: agendas.Line | None
    ends_at: datetime | None
    seconds_left: int
    behind: int
    decisions: Sequence[Decision]
    actions: Sequence[Action]
    risks: Sequence[Risk]
    logged: Sequence[LiveDecision]
    people: Sequence[User]
    present: frozenset[int]
    here: Sequence[User]
    absent_functions: Sequence[Function]

    @property
    def is_browsing(self) -> bool:
        """True if the page shows another item than the one being discussed."""
        return self.line is not None and self.line != self.current

    @property
    def is_paused(self) -> bool:
        return self.current is not None and self.current.item.current_since is None

    @property
    def incomplete(self) -> list[LiveDecision]:
        return [one for one in self.logged if one.decision.is_incomplete]


def live(meeting: Meeting, user: User, at: datetime, *, item_id: int | None = None) -> Live:
    """Return a meeting for one reader at the moment `at`. A constant number of queries.

    item_id: the item that the reader chose; None to follow the meeting.
    """
    agenda = agendas.agenda(meeting, user)
    current = agenda.current
    chosen = next((line for line in (*agenda.lines, *agenda.backlog) if line.item.pk == item_id), None)
    actions = list(actions_of(meeting, user))
    taken = decisions.with_shown_about(user, list(decisions.of_meeting(meeting, user)))
    people = list(participants(meeting.series).select_related("function"))
    attendances = list(Attendance.objects.filter(meeting=meeting).select_related("user").order_by("id"))
    present = frozenset(row.user_id for row in attendances if row.is_present)
    return Live(
        agenda=agenda,
        current=current,
        line=chosen or current,
        following=following(agenda, current),
        previous=_previous(agenda, current),
        ends_at=_ends_at(current),
        seconds_left=current.item.minutes * 60 - current.item.spent_seconds if current else 0,
        behind=_behind(meeting, agenda, at),
        decisions=taken,
        actions=actions,
        risks=list(risks_of(meeting, user)),
        logged=_logged(taken, actions),
        people=_with_observer(people, meeting),
        present=present,
        here=[row.user for row in attendances if row.seen_at and row.seen_at > at - HERE_WITHIN],
        absent_functions=_absent(meeting, people, present),
    )


def _with_seen(rows: QuerySet[Meeting], user: int | Argument) -> QuerySet[Any, tuple[int, datetime | None]]:
    seen = Max("attendances__seen_at", filter=Q(attendances__user=user))
    return rows.annotate(seen=seen).values_list("pk", "seen")


_READER = Prepared(
    lambda: _with_seen(
        Meeting.objects.filter(is_open_to(Argument("sight"), "subject__"), subject__reference=Argument("of")),
        Argument("user"),
    )
)


def reader(reference: str, user: User) -> tuple[int, datetime | None] | None:
    """Return the id of a meeting, and when this reader was last noted on its live page.

    Returns None if the reader may not see the meeting. One statement; each poll runs it.
    """
    if user.sight.everything:
        rows = Meeting.objects.visible_to(user).filter(subject__reference=reference.upper())
        return _with_seen(rows, user.pk).first()
    return _READER.first(sight=list(user.sight.ids), of=reference.upper(), user=user.pk)


_WITH_SERIES = Prepared(lambda: Meeting.objects.select_related("series").filter(pk=Argument("pk")))


def with_series(pk: int) -> Meeting:
    """Return a meeting that exists, with its series. Each poll after a change runs it."""
    return _WITH_SERIES.rows(pk=pk)[0]


def _with_observer(people: Sequence[User], meeting: Meeting) -> list[User]:
    """Return the participants, and the observer after them."""
    observer = meeting.observer
    return [*people, *([observer] if observer and observer not in people else [])]


def following(agenda: agendas.Agenda, current: agendas.Line | None) -> agendas.Line | None:
    """Return the waiting line after the current one, else the first waiting one."""
    waiting = [line for line in agenda.lines if line.item.state == ItemState.WAITING]
    after = [line for line in waiting if current and line.number > current.number]
    return next(iter([*after, *waiting]), None)


def actions_of(meeting: Meeting, user: User) -> QuerySet[Action]:
    """Return the visible actions of its decisions, and those added to its items; the latest first."""
    origins = Decision.objects.filter(meeting=meeting).values("subject_id")
    return (
        Action.objects.visible_to(user)
        .filter(Q(origin_id__in=origins) | Q(origin_id=meeting.subject_id))
        .select_related("subject", "owner", "about")
        .order_by("-id")
    )


def risks_of(meeting: Meeting, user: User) -> QuerySet[Risk]:
    """Return the visible risks that were recorded in a meeting, the latest first."""
    raised = RaisedRisk.objects.filter(meeting=meeting).values("risk")
    rows = Risk.objects.visible_to(user).filter(pk__in=raised)
    return rows.select_related("subject", "owner").order_by("-id")


def attended(meeting: Meeting) -> QuerySet[Attendance]:
    """Return the attendance of the people who were present, by name."""
    return (
        Attendance.objects.filter(meeting=meeting, is_present=True)
        .select_related("user", "user__function")
        .order_by("user__name__collated", "user__name", "id")
    )


def _logged(taken: Sequence[Decision], actions: Sequence[Action]) -> list[LiveDecision]:
    origins = [action.origin_id for action in actions]
    logged = []
    for decision in taken:
        number = origins.count(decision.subject_id)
        is_asked = decision.is_incomplete and decision.state == DecisionState.IN_FORCE
        lacks_action = is_asked and not number and not decision.no_action_reason
        logged.append(LiveDecision(decision, is_asked and not decision.reason, lacks_action, number))
    return logged


def _previous(agenda: agendas.Agenda, current: agendas.Line | None) -> agendas.Line | None:
    """Return the line before the current one to go back to; between items, the last discussed one."""
    if current is None:
        return next((line for line in reversed(agenda.lines) if line.was_discussed), None)
    return next((line for line in reversed(agenda.lines[: current.number - 1]) if line.is_way_back), None)


def _ends_at(current: agendas.Line | None) -> datetime | None:
    if current is None or current.item.current_since is None:
        return None
    return current.item.current_since + timedelta(
        minutes=current.item.minutes, seconds=-current.item.spent_seconds
    )


def _behind(meeting: Meeting, agenda: agendas.Agenda, at: datetime) -> int:
    """Return the minutes since the start, minus those of finished items and the time of the current item.

    The time of the current item counts up to its planned minutes.
    """
    if meeting.started_at is None:
        return 0
    elapsed = (at - meeting.started_at).total_seconds()
    planned: float = sum(line.minutes * 60 for line in agenda.lines if not line.is_unfinished)
    current = agenda.current
    if current is not None:
        since = current.item.current_since
        used = current.item.spent_seconds + ((at - since).total_seconds() if since else 0)
        planned += min(used, current.item.minutes * 60)
    return round((elapsed - planned) / 60)


def _absent(meeting: Meeting, people: Sequence[User], present: frozenset[int]) -> Sequence[Function]:
    if meeting.focus is None or not present:
        return []
    present_functions = {person.function_id for person in people if person.pk in present}
    required = meeting.focus.functions.order_by(*BY_NAME)
    return [function for function in required if function.pk not in present_functions]
