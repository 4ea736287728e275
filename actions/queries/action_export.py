"""What the list of actions exports: the columns and the rows."""

from functools import cache
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from actions.filters import SPEC
from actions.models import DUE_ORDER, RANK
from actions.states import ActionState, AuditResult, Blocker, Effort, Type
from history.queries import may_see, seen_by
from kit.sight import Visitor
from lists.export_files import YES_NO, ExportColumn, Row
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


@cache
def _list_path() -> str:
    return reverse("actions:action_list")


def _path(row: Row) -> str:
    """Return the path of the action's page. It resolves no address per row, because that is slow."""
    return f"{_list_path()}{row['reference']}/"


def _of(name: str, label: str, width: int = 14, *, key: str = "", **labels: Any) -> ExportColumn:
    """Return the column of one value of the row. key: its name in the row, where it differs."""
    return ExportColumn(name, label, lambda row: row[key or name], width=width, **labels)


ACTION_EXPORT = Export(
    name="actions",
    spec=SPEC,
    values=_values,
    hide=_hide,
    path=_path,
    fixed=("reference", "title"),
    columns=(
        _of("reference", "Reference", 11),
        _of("title", "Title", 48),
        _of("state", "State", 10, labels=dict(ActionState.choices)),
        _of("type", "Type", 22, labels=dict(Type.choices)),
        _of("owner", "Owner", 20, key="owner_name"),
        _of("due_on", "Due", 12),
        _of("about", "About", 12, key="about_reference"),
        _of("about_title", "Title of that", 30),
        _of("origin", "From", 12, key="origin_reference"),
        _of("effort", "Effort", 8, labels=dict(Effort.choices)),
        _of("exposure", "Exposure it removes", 18),
        _of("rank", "Rank", 8, key="rank_order"),
        _of("blocker", "Blocked by", 16, labels=dict(Blocker.choices)),
        _of("blocked_by", "What blocks it", 30),
        _of("blocked_at", "Blocked since (UTC)", 18),
        _of("raised_to", "Raised to", 20, key="raised_to_name"),
        _of("reviewer", "Reviewer", 20, key="reviewer_name"),
        _of("result", "Result", 10, labels=dict(AuditResult.choices)),
        _of("link", "Evidence", 30),
        _of("details", "Details", 40),
        _of("is_restricted", "Restricted", 10, labels=YES_NO),
        _of("made_at", "Created (UTC)", 16),
        _of("settled_at", "Finished (UTC)", 16),
    ),
)
