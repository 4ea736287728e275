"""Queries of actions: by owner, by subject, overdue ones, and how many are finished in time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Window, prefetch_related_objects

from actions.models import DUE_ORDER, RANK, Action
from actions.states import UNFINISHED, ActionState
from history.models import RecordedQuerySet
from history.queries import show
from kit.rights import may
from kit.sight import Visitor
from lists import paging
from people.models import User

PANEL_SIZE = 20
COLUMN_SIZE = 50
DONE_SHOWN = timedelta(days=14)


def actions() -> RecordedQuerySet[Action]:
    """Return all actions with what a row needs.

    due_order: the due date; actions without one come last. rank_order: the exposure times the weight of the
    effort.
    """
    return with_rows(Action.objects.all()).prefetch_related(None)


def unfinished() -> RecordedQuerySet[Action]:
    """Return the unfinished actions, by due date."""
    return actions().filter(state__in=UNFINISHED).order_by("due_order", "id")


def mine(user: User) -> RecordedQuerySet[Action]:
    """Return the user's unfinished actions, by due date."""
    return unfinished().filter(owner_id=user.pk).visible_to(user)


def late(today: date) -> RecordedQuerySet[Action]:
    """Return the overdue actions. today: the date in the user's time zone."""
    return unfinished().filter(due_on__lt=today)


def with_rows(rows: Any) -> RecordedQuerySet[Action]:
    """Return these actions with what a row of the list and its permission to change need."""
    joined = rows.select_related("subject", "owner", "owner__subject", "about", "origin")
    return joined.prefetch_related("owner__memberships").annotate(due_order=DUE_ORDER, rank_order=RANK)


def for_pages(user: User) -> RecordedQuerySet[Action]:
    """Return the actions that the user may see, with what their change permission needs."""
    return with_rows(Action.objects.visible_to(user))


def done_recently(at: datetime) -> Q:
    """Return the condition of the finished actions that the board shows."""
    return Q(state=ActionState.DONE, settled_at__gte=at - DONE_SHOWN)


def column(
    user: User, state: str, condition: Q, *, at: datetime, after: str | None = None
) -> paging.KeysetPage:
    """Return a page of a column of the board, by due date; of done ones the last two weeks, newest first.

    condition: which actions the board shows. after: the cursor of the page before. Raises Refused for a
    cursor of another column.
    """
    rows = actions().visible_to(user).filter(condition)
    if state == ActionState.DONE:
        done = rows.filter(done_recently(at))
        return paging.page(done, order=("-settled_at", "-id"), size=COLUMN_SIZE, after=after)
    return paging.page(rows.filter(state=state), order=("due_order", "id"), size=COLUMN_SIZE, after=after)


def column_counts(user: User, condition: Q, *, at: datetime) -> dict[str, int]:
    """Return state -> the number of its cards on the board. One query."""
    shown = Q(state__in=UNFINISHED) | done_recently(at)
    rows = Action.objects.visible_to(user).filter(condition).filter(shown).order_by()
    return dict(rows.values_list("state").annotate(number=Count("pk")))


def load_teams_of_owners(rows: Sequence[Action]) -> None:
    """Load what the permission to change reads, in one query for all rows."""
    prefetch_related_objects(rows, "owner__memberships")


def set_visibility(user: User, rows: Sequence[Action]) -> Sequence[Action]:
    """Set shown_about and shown_origin of each row, None if the user may not see the subject."""
    return show(user, rows, "about", "origin")


def _belongs_to(subject_ids: Iterable[int]) -> Q:
    ids = list(subject_ids)
    return Q(about_id__in=ids) | Q(origin_id__in=ids)


def of_subjects_unseen(subject_ids: Iterable[int]) -> RecordedQuerySet[Action]:
    """Return the actions of these subjects without a check of visibility: for the system, not for pages."""
    return actions().filter(_belongs_to(subject_ids)).exclude(state=ActionState.DROPPED).order_by("id")


@dataclass(frozen=True, slots=True)
class ActionsPanel:
    """The actions of a subject, for a panel on its page.

    rows: at most PANEL_SIZE, unfinished ones first, by due date. done, total: numbers of all that may be
    seen.
    new_for: the reference for a new action, "" if the user may not create one.
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
    """Return the panel of these subjects, with the actions that the user may see. One query."""
    visible = actions().filter(_belongs_to(subject_ids)).visible_to(user)
    annotated: Any = visible.annotate(
        is_open=Q(state__in=UNFINISHED),
        done=Window(Count("pk", filter=Q(state=ActionState.DONE))),
        total=Window(Count("pk")),
    )
    rows = list(annotated.order_by("-is_open", "due_order", "id")[:PANEL_SIZE])
    done, total = (rows[0].done, rows[0].total) if rows else (0, 0)
    return ActionsPanel(rows, done, total, new_for if may(user, "actions.action_add") else "")


def of_subject(user: Visitor, obj: Any) -> ActionsPanel:
    """Return the panel for the page of an object of any kind."""
    return of_subjects(user, [obj.subject_id], new_for=obj.reference)


def subjects_of_actions_about(subject_id: Any) -> Any:
    """Return the subject ids of the actions about a subject or created by it, for its timeline."""
    condition = Q(about_id=subject_id) | Q(origin_id=subject_id)
    return Action.objects.order_by().filter(condition).values_list("subject_id")
