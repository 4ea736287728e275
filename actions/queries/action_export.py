"""What the list of actions exports: the columns and the rows."""

from typing import Any

from django.db.models import F, Q, QuerySet

from actions.filters import SPEC
from actions.models import DUE_ORDER, RANK
from actions.states import ActionState, AuditResult, Blocker, Effort, Type
from history.queries import may_see, seen_by
from kit.sight import Visitor
from lists.export_files import YES_NO, column_of, page_below
from lists.exporting import Export

_NAMED = {
    "reference": F("subject__reference"),
    "owner_name": F("owner__name"),
    "reviewer_name": F("reviewer__name"),
    "raised_to_name": F("raised_to__name"),
    "about_reference": F("about__reference"),
    "about_title": F("about__title"),
    **seen_by("about"),
    "origin_reference": F("origin__reference"),
    **seen_by("origin"),
    "due_order": DUE_ORDER,
    "rank_order": RANK,
    "is_restricted": Q(subject__viewers__isnull=False),
}
_STORED = (
    "title", "details", "type", "effort", "exposure", "state", "due_on", "link", "result", "blocker",
    "blocked_by", "blocked_at", "raised_at", "made_at", "settled_at",
)  # fmt: skip


def _values(rows: QuerySet) -> QuerySet:
    return rows.values(*_STORED, **_NAMED)


def _hide(rows: list[dict[str, Any]], user: Visitor) -> list[dict[str, Any]]:
    """Remove what an action is for, and its origin, if this reader may not see those."""
    for row in rows:
        if not may_see(user, row, "about"):
            row["about_reference"] = row["about_title"] = None
        if not may_see(user, row, "origin"):
            row["origin_reference"] = None
    return rows


ACTION_EXPORT = Export(
    name="actions",
    spec=SPEC,
    values=_values,
    hide=_hide,
    path=page_below("actions:action_list"),
    fixed=("reference", "title"),
    columns=(
        column_of("reference", "Reference", 11),
        column_of("title", "Title", 48),
        column_of("state", "State", 10, labels=dict(ActionState.choices)),
        column_of("type", "Type", 22, labels=dict(Type.choices)),
        column_of("owner", "Owner", 20, key="owner_name"),
        column_of("due_on", "Due", 12),
        column_of("about", "About", 12, key="about_reference"),
        column_of("about_title", "Title of that", 30),
        column_of("origin", "From", 12, key="origin_reference"),
        column_of("effort", "Effort", 8, labels=dict(Effort.choices)),
        column_of("exposure", "Exposure it removes", 18),
        column_of("rank", "Rank", 8, key="rank_order"),
        column_of("blocker", "Blocked by", 16, labels=dict(Blocker.choices)),
        column_of("blocked_by", "What blocks it", 30),
        column_of("blocked_at", "Blocked since (UTC)", 18),
        column_of("raised_to", "Raised to", 20, key="raised_to_name"),
        column_of("reviewer", "Reviewer", 20, key="reviewer_name"),
        column_of("result", "Result", 10, labels=dict(AuditResult.choices)),
        column_of("link", "Evidence", 30),
        column_of("details", "Details", 40),
        column_of("is_restricted", "Restricted", 10, labels=YES_NO),
        column_of("made_at", "Created (UTC)", 16),
        column_of("settled_at", "Finished (UTC)", 16),
    ),
)
