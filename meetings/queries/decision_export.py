"""What the log of decisions exports: the columns and the rows."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet

from history.queries import may_see, seen_by
from kit.sight import Visitor
from lists.export_files import ExportColumn, Row, column_of, page_below
from lists.exporting import Export
from meetings.filters import DECISIONS
from meetings.models import DecisionEffect
from meetings.states import DecisionState, DidItWork, EffectKind

_NAMED = {
    "reference": F("subject__reference"),
    "about_reference": F("about__reference"),
    **seen_by("about"),
    "meeting_reference": F("meeting__subject__reference"),
    "recorded_by_name": F("recorded_by__name"),
    "accepted_until": F("acceptance__until"),
    "proposed_by_name": F("acceptance__proposed_by__name"),
    "replaced_by_reference": F("replaced_by__subject__reference"),
    "effect_kinds": ArraySubquery(
        DecisionEffect.objects.filter(decision=OuterRef("pk")).order_by("id").values("kind")
    ),
}
_STORED = (
    "text",
    "reason",
    "state",
    "no_action_reason",
    "options",
    "dissent",
    "outcome",
    "outcome_note",
    "decided_at",
)


def _values(rows: QuerySet) -> QuerySet:
    return rows.values(*_STORED, **_NAMED)


def _hide(rows: list[dict[str, Any]], user: Visitor) -> list[dict[str, Any]]:
    """Remove subjects that this reader may not see."""
    for row in rows:
        if not may_see(user, row, "about"):
            row["about_reference"] = None
    return rows


def _effects_text(row: Row) -> str:
    return ", ".join(EffectKind(kind).label for kind in row["effect_kinds"])


DECISION_EXPORT = Export(
    name="decisions",
    spec=DECISIONS,
    values=_values,
    hide=_hide,
    path=page_below("meetings:decision_list"),
    columns=(
        column_of("reference", "Reference", 11),
        column_of("text", "Decision", 48),
        column_of("reason", "Reason", 48),
        column_of("about", "About", 12, key="about_reference"),
        column_of("meeting", "Meeting", 12, key="meeting_reference"),
        column_of("state", "State", 11, labels=dict(DecisionState.choices)),
        column_of("accepted_until", "Accepted until", 13),
        column_of("proposed_by", "Proposed by", 20, key="proposed_by_name"),
        column_of("recorded_by", "Decided or recorded by", 22, key="recorded_by_name"),
        column_of("replaced_by", "Replaced by", 12, key="replaced_by_reference"),
        ExportColumn("effects", "Took effect", lambda row: row["effect_kinds"], width=24, text=_effects_text),
        column_of("no_action_reason", "Reason for no action", 30),
        column_of("options", "Other options", 30),
        column_of("dissent", "Dissent", 30),
        column_of("outcome", "Did it work", 14, labels=dict(DidItWork.choices)),
        column_of("outcome_note", "What happened", 30),
        column_of("decided_at", "Decided (UTC)", 16),
    ),
)
