"""Reading a meeting while it runs, and afterwards: what one reader may see of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from actions.models import Action
from history.models import Subject
from meetings.models import Attendance, Decision, Meeting
from meetings.queries import agenda as agendas
from meetings.queries import decision as decisions
from meetings.queries.series import participants
from meetings.states import ItemState
from people.models import Function, User
from risklog.models import Review
from risklog.states import ReviewState


@dataclass(frozen=True, slots=True)
class Live:
    """current: the line that is on, None between items. ends_at: when its minutes are used up.

    behind: minutes behind the plan (negative: ahead). review: the open review the current item is about.
    has_agreed: whether an action was agreed straight from the current item.
    absent_functions: what this focus needs and nobody present brings; empty until attendance is noted.
    """

    agenda: agendas.Agenda
    current: agendas.Line | None
    following: agendas.Line | None
    ends_at: datetime | None
    behind: int
    review: Review | None
    decisions: Sequence[Decision]
    actions: Sequence[Action]
    has_agreed: bool
    people: Sequence[User]
    present: frozenset[int]
    absent_functions: Sequence[Function]


def live(meeting: Meeting, user: Any, at: datetime) -> Live:
    """The running meeting for one reader. A constant number of queries."""
    agenda = agendas.agenda(meeting, user)
    current = agenda.current
    taken = decisions.sighted(user, list(decisions.of_meeting(meeting, user)))
    agreed = list(actions_of(meeting, user))
    people = list(participants(meeting.series).select_related("function"))
    present = frozenset(
        Attendance.objects.filter(meeting=meeting, is_present=True).values_list("user_id", flat=True)
    )
    return Live(
        agenda=agenda,
        current=current,
        following=next((line for line in agenda.lines if line.item.state == ItemState.WAITING), None),
        ends_at=_ends_at(current),
        behind=_behind(meeting, agenda, at),
        review=open_review(current.subject if current else None),
        decisions=taken,
        actions=agreed,
        has_agreed=_has_agreed(meeting, current, agreed),
        people=people,
        present=present,
        absent_functions=_absent(meeting, people, present),
    )


def actions_of(meeting: Meeting, user: Any) -> QuerySet[Action]:
    """What was agreed in it: by its decisions, or straight from an item."""
    origins = Decision.objects.filter(meeting=meeting).values("subject_id")
    return (
        Action.objects.visible_to(user)
        .filter(Q(origin_id__in=origins) | Q(origin_id=meeting.subject_id))
        .select_related("subject", "owner", "about")
        .order_by("-id")
    )


def attended(meeting: Meeting) -> QuerySet[Attendance]:
    return (
        Attendance.objects.filter(meeting=meeting, is_present=True)
        .select_related("user", "user__function")
        .order_by("user__name", "id")
    )


def _has_agreed(meeting: Meeting, current: agendas.Line | None, agreed: Sequence[Action]) -> bool:
    if current is None or current.is_hidden:
        return False
    since, about = current.item.current_since, current.item.about_id
    return any(
        one.origin_id == meeting.subject_id
        and one.about_id == about
        and (about is not None or since is None or one.made_at >= since)
        for one in agreed
    )


def _ends_at(current: agendas.Line | None) -> datetime | None:
    if current is None or current.item.current_since is None:
        return None
    return current.item.current_since + timedelta(
        minutes=current.item.minutes, seconds=-current.item.spent_seconds
    )


def _behind(meeting: Meeting, agenda: agendas.Agenda, at: datetime) -> int:
    """Minutes gone since the start, less the minutes planned for what is done and the time of what is on."""
    if meeting.started_at is None:
        return 0
    gone = (at - meeting.started_at).total_seconds()
    planned: float = sum(line.item.minutes * 60 for line in agenda.lines if not line.is_unfinished)
    on = agenda.current
    if on is not None and on.item.current_since is not None:
        used = on.item.spent_seconds + (at - on.item.current_since).total_seconds()
        planned += min(used, on.item.minutes * 60)
    return round((gone - planned) / 60)


def open_review(subject: Subject | None) -> Review | None:
    """The open review an item is about, with its reviewers; None where it is about something else."""
    if subject is None or subject.kind != Review.KIND:
        return None
    found = Review.objects.filter(subject=subject, state=ReviewState.OPEN)
    return found.prefetch_related("reviewers__user", "reviewers__function").first()


def _absent(meeting: Meeting, people: Sequence[User], present: frozenset[int]) -> Sequence[Function]:
    if meeting.focus is None or not present:
        return []
    brought = {person.function_id for person in people if person.pk in present}
    return [function for function in meeting.focus.functions.all() if function.pk not in brought]
