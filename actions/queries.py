"""Reading actions: whose they are, what they serve, which are late, how well they are followed through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import DateField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from actions.models import Action
from actions.states import UNFINISHED, State

NO_DATE = date(9999, 12, 31)
PANEL_SIZE = 20


def actions() -> QuerySet[Action]:
    """All actions with what a row needs. `due_order`: the due date, those without one last."""
    return Action.objects.select_related("subject", "owner", "owner__subject", "about", "origin").annotate(
        due_order=Coalesce("due_on", Value(NO_DATE), output_field=DateField())
    )


def unfinished() -> QuerySet[Action]:
    """What is still to be done, the nearest date first."""
    return actions().filter(state__in=UNFINISHED).order_by("due_order", "id")


def mine(user: Any) -> QuerySet[Action]:
    """What this person has still to do, the nearest date first."""
    return unfinished().filter(owner_id=user.pk).visible_to(user)


def unfinished_of(subject: Any) -> QuerySet[Action]:
    """What is still to be done about a subject, or came out of it. subject: a Subject or its id."""
    return unfinished().filter(_hangs_on([_subject_id(subject)]))


def late(today: date) -> QuerySet[Action]:
    """Unfinished actions whose date has passed. today: the reader's calendar day."""
    return unfinished().filter(due_on__lt=today)


def _subject_id(subject: Any) -> int:
    return subject if isinstance(subject, int) else subject.pk


def _hangs_on(subject_ids: Iterable[int]) -> Q:
    ids = list(subject_ids)
    return Q(about_id__in=ids) | Q(origin_id__in=ids)


def of_subjects_unseen(subject_ids: Iterable[int]) -> QuerySet[Action]:
    """The actions of these subjects without asking who reads: for the system's own work, not for showing."""
    return actions().filter(_hangs_on(subject_ids)).exclude(state=State.DROPPED).order_by("id")


@dataclass(frozen=True, slots=True)
class Panel:
    """The actions of a subject: unfinished first by date, then the settled; at most PANEL_SIZE."""

    subject_id: int
    rows: Sequence[Action]
    done: int
    total: int
    is_more: bool


def of_subjects(user: Any, subject_ids: Sequence[int]) -> Panel:
    """What was agreed to be done about these subjects, as far as the reader may see it. Two queries."""
    visible = actions().filter(_hangs_on(subject_ids)).visible_to(user)
    states = list(visible.order_by().values_list("state", flat=True))
    settled_last = visible.annotate(is_open=Q(state__in=UNFINISHED)).order_by("-is_open", "due_order", "id")
    rows = list(settled_last[:PANEL_SIZE]) if states else []
    return Panel(
        subject_id=subject_ids[0] if subject_ids else 0,
        rows=rows,
        done=states.count(State.DONE),
        total=len(states),
        is_more=len(states) > len(rows),
    )


def of_subject(user: Any, obj: Any) -> Panel:
    """The panel of an object's page: obj is any domain object."""
    return of_subjects(user, [obj.subject_id])


@dataclass(frozen=True, slots=True)
class FollowThrough:
    """How the dated actions that are done came out.

    in_time: a share, None without any; median_late_days: of those done late.
    """

    done: int
    in_time: float | None
    median_late_days: float | None


def follow_through(rows: QuerySet[Action]) -> FollowThrough:
    """Done in time, and the median lateness, of the dated and done among these rows. One query."""
    pairs = rows.filter(state=State.DONE, due_on__isnull=False, settled_at__isnull=False).values_list(
        F("due_on"), F("settled_at")
    )
    late_by = sorted((settled.date() - due).days for due, settled in pairs.order_by())
    if not late_by:
        return FollowThrough(0, None, None)
    late = [days for days in late_by if days > 0]
    return FollowThrough(len(late_by), 1 - len(late) / len(late_by), _median(late))


def _median(values: Sequence[int]) -> float | None:
    if not values:
        return None
    middle = len(values) // 2
    return float(values[middle]) if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
