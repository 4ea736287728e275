"""What the list of risks exports: the columns and the rows."""

from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q, QuerySet, TextField, Value
from django.urls import reverse

from history.queries import may_see, seen_by
from kit.sight import Visitor
from lists.export_files import YES_NO, ExportColumn, Row
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


@cache
def _list_path() -> str:
    return reverse("risklog:risk_list")


def _path(row: Row) -> str:
    """Return the path of the risk's page. It resolves no address per row, because that is slow."""
    return f"{_list_path()}{row['reference']}/"


def _of(name: str, label: str, width: int = 14, *, key: str = "", **labels: Any) -> ExportColumn:
    """Return the column of one value of the row. key: its name in the row, where it differs."""
    return ExportColumn(name, label, lambda row: row[key or name], width=width, **labels)


RISK_EXPORT = Export(
    name="risks",
    spec=RISKS,
    values=_values,
    hide=_hide,
    path=_path,
    fixed=("reference", "title"),
    columns=(
        _of("reference", "Reference", 11),
        _of("title", "Title", 48),
        ExportColumn(
            "level",
            "Level",
            lambda row: row["level"],
            text=lambda row: row["level_name"],
            width=10,
        ),
        _of("state", "State", 12, labels=dict(RiskState.choices)),
        _of("category", "Category", 20, key="category_name"),
        _of("model", "Model", 24, key="model_name"),
        _of("feature", "Feature"),
        _of("team", "Team", 20, key="team_name"),
        _of("owner", "Owner", 20, key="owner_name"),
        _of("likelihood", "Inherent likelihood", 18),
        _of("impact", "Inherent impact", 15),
        _of("residual_likelihood", "Residual likelihood", 18),
        _of("residual_impact", "Residual impact", 15),
        _of("severity", "Score", 8),
        ExportColumn(
            "score_basis",
            "Basis of score and level",
            lambda row: "inherent" if row["residual_likelihood"] is None else "residual",
            width=14,
        ),
        _of("treatment", "Treatment", 12, labels=dict(Treatment.choices)),
        _of("review_on", "Next review", 12),
        _of("accepted_until", "Accepted until", 13),
        _of("acceptance_reason", "Reason for accepting", 30),
        _of("plan_due_on", "Plan due", 12),
        _of("description", "Description", 48),
        _of("cause", "Cause", 30),
        _of("event", "Event", 30),
        _of("effect", "Effect", 30),
        _of("affected", "Affected", 30),
        _of("tags", "Tags", 20),
        _of("reported_by", "Reported by", 20, key="reporter_name"),
        _of("breach", "Source breach", 13, key="breach_reference"),
        _of("closing_evidence", "Evidence it is resolved", 30),
        _of("duplicate_of", "Duplicate of", 12, key="merged_into_reference"),
        _of("external_id", "External ID", 14),
        _of("confirmations", "Reviews done", 12),
        _of("is_restricted", "Restricted", 10, labels=YES_NO),
        _of("opened_at", "Opened (UTC)", 16),
        _of("updated_at", "Updated (UTC)", 16),
    ),
)
