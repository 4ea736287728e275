"""Read a live or past meeting as one reader may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from actions.models import Action
from history.models import Subject
from lists.collation import BY_NAME
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
    """A meeting as one reader may see it while it is live, and its minutes afterwards.

    current: the line being discussed, None between items. following: the next waiting one. ends_at: when the
    minutes of the current item are used up. behind: minutes behind the plan (negative: ahead of it). review:
    the open review that is the subject of the current item. has_agreed: an action was added to the current
    item without a decision. present: ids of people. absent_functions: required by the focus, and nobody who
    is present has them; empty until attendance is recorded.
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


def live(meeting: Meeting, user: User, at: datetime) -> Live:
    """Return a meeting for one reader at the moment `at`. A constant number of queries."""
    agenda = agendas.agenda(meeting, user)
    current = agenda.current
    actions = list(actions_of(meeting, user))
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
        decisions=decisions.with_shown_about(user, list(decisions.of_meeting(meeting, user))),
        actions=actions,
        has_agreed=_has_agreed(meeting, current, actions),
        people=people,
        present=present,
        absent_functions=_absent(meeting, people, present),
    )


def actions_of(meeting: Meeting, user: User) -> QuerySet[Action]:
    """Return the visible actions of its decisions, and those added to its items; the latest first."""
    origins = Decision.objects.filter(meeting=meeting).values("subject_id")
    return (
        Action.objects.visible_to(user)
        .filter(Q(origin_id__in=origins) | Q(origin_id=meeting.subject_id))
        .select_related("subject", "owner", "about")
        .order_by("-id")
    )


def attended(meeting: Meeting) -> QuerySet[Attendance]:
    """Return the attendance of the people who were present, by name."""
    return (
        Attendance.objects.filter(meeting=meeting, is_present=True)
        .select_related("user", "user__function")
        .order_by("user__name__collated", "user__name", "id")
    )


def _has_agreed(meeting: Meeting, current: agendas.Line | None, actions: Sequence[Action]) -> bool:
    """Return True if one of the actions was added to the current item without a decision."""
    if current is None or current.is_hidden:
        return False
    since, about = current.item.current_since, current.item.about_id
    return any(
        action.origin_id == meeting.subject_id
        and action.about_id == about
        and (about is not None or since is None or action.made_at >= since)
        for action in actions
    )


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
    planned: float = sum(line.item.minutes * 60 for line in agenda.lines if not line.is_unfinished)
    current = agenda.current
    if current is not None and current.item.current_since is not None:
        used = current.item.spent_seconds + (at - current.item.current_since).total_seconds()
        planned += min(used, current.item.minutes * 60)
    return round((elapsed - planned) / 60)


def open_review(subject: Subject | None) -> Review | None:
    """Return the open review that is the subject of an item, with its reviewers; None for other subjects."""
    if subject is None or subject.kind != Review.KIND:
        return None
    reviews = Review.objects.filter(subject=subject, state=ReviewState.OPEN)
    return reviews.prefetch_related("reviewers__user", "reviewers__function").first()


def _absent(meeting: Meeting, people: Sequence[User], present: frozenset[int]) -> Sequence[Function]:
    if meeting.focus is None or not present:
        return []
    present_functions = {person.function_id for person in people if person.pk in present}
    required = meeting.focus.functions.order_by(*BY_NAME)
    return [function for function in required if function.pk not in present_functions]
