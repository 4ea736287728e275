"""Reading actions: whose they are, what they serve, which are late, how well they are followed through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, Window

from actions.filters import VIEWS
from actions.models import DUE_ORDER, Action
from actions.states import UNFINISHED, ActionState
from history.models import RecordedQuerySet
from history.queries import show
from kit.filtering import Reader
from kit.rights import may
from kit.sight import Visitor
from people.models import User

PANEL_SIZE = 20


def actions() -> RecordedQuerySet[Action]:
    """All actions with what a row needs. `due_order`: the due date, those without one last."""
    rows: Any = Action.objects.select_related("subject", "owner", "owner__subject", "about", "origin")
    return rows.annotate(due_order=DUE_ORDER)


def unfinished() -> RecordedQuerySet[Action]:
    """What is still to be done, the nearest date first."""
    return actions().filter(state__in=UNFINISHED).order_by("due_order", "id")


def mine(user: User) -> RecordedQuerySet[Action]:
    """What this person has still to do, the nearest date first."""
    return unfinished().filter(owner_id=user.pk).visible_to(user)


def unfinished_of(subject: Any) -> RecordedQuerySet[Action]:
    """What is still to be done about a subject, or came out of it. subject: a Subject or its id."""
    return unfinished().filter(_hangs_on([_subject_id(subject)]))


def of_origin(subject: Any, user: User) -> RecordedQuerySet[Action]:
    """What a subject (a decision) made, as far as the reader may see it, in the order it was agreed."""
    return actions().filter(origin_id=_subject_id(subject)).visible_to(user).order_by("id")


def late(today: date) -> RecordedQuerySet[Action]:
    """Unfinished actions whose date has passed. today: the reader's calendar day."""
    return unfinished().filter(due_on__lt=today)


def for_pages(user: User) -> RecordedQuerySet[Action]:
    """What the reader may see, with what a row of a page needs to say who may change it."""
    return actions().prefetch_related("owner__memberships").visible_to(user)


def view_counts(reader: Reader) -> dict[str, int]:
    """How many actions each view of the list has (filters.VIEWS), in one query."""
    counts = {view: Count("pk", filter=condition(reader)) for view, (_, condition) in VIEWS.items()}
    return Action.objects.visible_to(reader.user).aggregate(**counts)


def column(user: User, state: str, *, only_mine: bool, since: datetime) -> RecordedQuerySet[Action]:
    """A column of the board, the nearest date first; of what is done only the latest, since a moment."""
    rows = for_pages(user).filter(state=state)
    if only_mine:
        rows = rows.filter(owner_id=user.pk)
    if state == ActionState.DONE:
        return rows.filter(settled_at__gte=since).order_by("-settled_at", "-id")
    return rows.order_by("due_order", "id")


def sighted(user: User, rows: Sequence[Action]) -> Sequence[Action]:
    """Set `shown_about` and `shown_origin`: None where the reader may not see the subject."""
    return show(user, rows, "about", "origin")


def _subject_id(subject: Any) -> int:
    return subject if isinstance(subject, int) else subject.pk


def _hangs_on(subject_ids: Iterable[int]) -> Q:
    ids = list(subject_ids)
    return Q(about_id__in=ids) | Q(origin_id__in=ids)


def of_subjects_unseen(subject_ids: Iterable[int]) -> RecordedQuerySet[Action]:
    """The actions of these subjects without asking who reads: for the system's own work, not for showing."""
    return actions().filter(_hangs_on(subject_ids)).exclude(state=ActionState.DROPPED).order_by("id")


@dataclass(frozen=True, slots=True)
class ActionsPanel:
    """The actions of a subject: unfinished first by date, then the settled; at most PANEL_SIZE.

    new_for: the reference a new action may be opened for, "" where the reader may not or there is none.
    """

    rows: Sequence[Action]
    done: int
    total: int
    new_for: str = ""

    @property
    def hidden(self) -> int:
        return self.total - len(self.rows)

    @property
    def is_more(self) -> bool:
        return self.hidden > 0


def of_subjects(user: Visitor, subject_ids: Sequence[int], *, new_for: str = "") -> ActionsPanel:
    """What was agreed to be done about these subjects, as far as the reader may see it. One query."""
    visible = actions().filter(_hangs_on(subject_ids)).visible_to(user)
    counted: Any = visible.annotate(
        is_open=Q(state__in=UNFINISHED),
        done=Window(Count("pk", filter=Q(state=ActionState.DONE))),
        total=Window(Count("pk")),
    )
    rows = list(counted.order_by("-is_open", "due_order", "id")[:PANEL_SIZE])
    done, total = (rows[0].done, rows[0].total) if rows else (0, 0)
    return ActionsPanel(rows, done, total, new_for if may(user, "actions.action_add") else "")


def of_subject(user: Visitor, obj: Any) -> ActionsPanel:
    """The panel of an object's page: obj is any domain object."""
    return of_subjects(user, [obj.subject_id], new_for=obj.reference)


@dataclass(frozen=True, slots=True)
class FollowThrough:
    """How the dated actions that are done came out.

    in_time: a share, None without any; median_late_days: of those done late.
    """

    done: int
    in_time: float | None
    median_late_days: float | None


def follow_through(rows: RecordedQuerySet[Action]) -> FollowThrough:
    """Done in time, and the median lateness, of the dated and done among these rows. One query."""
    pairs = rows.filter(state=ActionState.DONE, due_on__isnull=False, settled_at__isnull=False).values_list(
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


def come_of(subject_id: Any) -> Any:
    """The subjects of the actions about a subject, or made by it: a part of its story."""
    hangs_on = Q(about_id=subject_id) | Q(origin_id=subject_id)
    return Action.objects.order_by().filter(hangs_on).values_list("subject_id")
