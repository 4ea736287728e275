"""What the list of risks exports: the columns and the rows."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q, QuerySet, TextField, Value

from history.queries import may_see, seen_by
from kit.sight import Visitor
from lists.export_files import YES_NO, ExportColumn, column_of, page_below
from lists.exporting import Export
from risklog.filters.risk import RISKS
from risklog.models.matrix import item_of, level_in, present_matrix
from risklog.queries import risk as queries
from risklog.states import RiskState, Treatment

_NAMED = {
    "reference": F("subject__reference"),
    "category_name": F("category__name"),
    "model_name": F("model__name"),
    **seen_by("model", "model__subject"),
    "team_name": F("team__name"),
    "owner_name": F("owner__name"),
    "reporter_name": F("raised_by__name"),
    "breach_reference": F("breach_group__subject__reference"),
    **seen_by("breach", "breach_group__subject"),
    "merged_into_reference": F("merged_into__subject__reference"),
    **seen_by("merged_into", "merged_into__subject"),
    "is_restricted": Q(subject__viewers__isnull=False),
}
_STORED = (
    "title", "description", "cause", "event", "effect", "affected", "feature", "tags", "likelihood", "impact",
    "residual_likelihood", "residual_impact", "severity", "state", "treatment", "review_on",
    "plan_due_on", "confirmations",
    "accepted_until", "acceptance_reason", "closing_evidence", "external_id", "opened_at", "updated_at",
)  # fmt: skip


def _values(rows: QuerySet) -> QuerySet:
    """Return the rows. Their levels are those of the matrix that the filters of the same request use."""
    matrix = present_matrix()
    level = level_in(matrix)
    names = Value(list(matrix.levels.values()), ArrayField(TextField()))
    return rows.values(*_STORED, **_NAMED, level=level, level_name=item_of(names, level, TextField()))


def _hide(rows: list[dict[str, Any]], user: Visitor) -> list[dict[str, Any]]:
    """Remove models, breaches and other risks that this reader may not see. Rows of the list have some."""
    for row in rows:
        for name in ("breach", "merged_into"):
            if f"{name}_reference" in row and not may_see(user, row, name):
                row[f"{name}_reference"] = None
    return queries.masked(rows, user, "model_name")


RISK_EXPORT = Export(
    name="risks",
    spec=RISKS,
    values=_values,
    hide=_hide,
    path=page_below("risklog:risk_list"),
    fixed=("reference", "title"),
    columns=(
        column_of("reference", "Reference", 11),
        column_of("title", "Title", 48),
        ExportColumn(
            "level",
            "Level",
            lambda row: row["level"],
            text=lambda row: row["level_name"],
            width=10,
        ),
        column_of("state", "State", 12, labels=dict(RiskState.choices)),
        column_of("category", "Category", 20, key="category_name"),
        column_of("model", "Model", 24, key="model_name"),
        column_of("feature", "Feature"),
        column_of("team", "Team", 20, key="team_name"),
        column_of("owner", "Owner", 20, key="owner_name"),
        column_of("likelihood", "Inherent likelihood", 18),
        column_of("impact", "Inherent impact", 15),
        column_of("residual_likelihood", "Residual likelihood", 18),
        column_of("residual_impact", "Residual impact", 15),
        column_of("severity", "Score", 8),
        ExportColumn(
            "score_basis",
            "Basis of score and level",
            lambda row: "inherent" if row["residual_likelihood"] is None else "residual",
            width=14,
        ),
        column_of("treatment", "Treatment", 12, labels=dict(Treatment.choices)),
        column_of("review_on", "Next review", 12),
        column_of("accepted_until", "Accepted until", 13),
        column_of("acceptance_reason", "Reason for accepting", 30),
        column_of("plan_due_on", "Plan due", 12),
        column_of("description", "Description", 48),
        column_of("cause", "Cause", 30),
        column_of("event", "Event", 30),
        column_of("effect", "Effect", 30),
        column_of("affected", "Affected", 30),
        column_of("tags", "Tags", 20),
        column_of("reported_by", "Reported by", 20, key="reporter_name"),
        column_of("breach", "Source breach", 13, key="breach_reference"),
        column_of("closing_evidence", "Evidence it is resolved", 30),
        column_of("duplicate_of", "Duplicate of", 12, key="merged_into_reference"),
        column_of("external_id", "External ID", 14),
        column_of("confirmations", "Reviews done", 12),
        column_of("is_restricted", "Restricted", 10, labels=YES_NO),
        column_of("opened_at", "Opened (UTC)", 16),
        column_of("updated_at", "Updated (UTC)", 16),
    ),
)
