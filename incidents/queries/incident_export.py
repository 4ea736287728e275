"""What the list of incidents exports: the columns and the rows."""

from functools import cache
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from history.queries import may_see, seen_by
from incidents.filters import RESOLVED_ORDER, SPEC, STARTED_ORDER
from incidents.states import IncidentSeverity, IncidentState
from kit.sight import Visitor
from lists.export_files import YES_NO, ExportColumn, Row
from lists.exporting import Export

_NAMED = {
    "reference": F("subject__reference"),
    "model_name": F("model__name"),
    **seen_by("model", "model__subject"),
    "version_name": F("model_version__name"),
    "team_name": F("team__name"),
    "lead_name": F("lead__name"),
    "scribe_name": F("scribe__name"),
    "communications_name": F("communications__name"),
    "source_reference": F("source__reference"),
    **seen_by("source"),
    "breach_reference": F("breach_group__subject__reference"),
    **seen_by("breach", "breach_group__subject"),
    "started_order": STARTED_ORDER,
    "resolved_order": RESOLVED_ORDER,
    "is_restricted": Q(subject__viewers__isnull=False),
}
_STORED = (
    "title", "severity", "summary", "affected", "state", "started_at", "noticed_at", "mitigated_at",
    "resolved_at", "declared_at",
)  # fmt: skip
# What is removed of a link that the reader may not see.
_LINKED = {
    "model": ("model_name", "version_name"),
    "source": ("source_reference",),
    "breach": ("breach_reference",),
}


def _values(rows: QuerySet) -> QuerySet:
    return rows.values(*_STORED, **_NAMED)


def _hide(rows: list[dict[str, Any]], user: Visitor) -> list[dict[str, Any]]:
    """Remove the model, the source and the breach of each row where this reader may not see them."""
    for row in rows:
        for link, names in _LINKED.items():
            if not may_see(user, row, link):
                row.update(dict.fromkeys(names))
    return rows


@cache
def _list_path() -> str:
    return reverse("incidents:incident_list")


def _path(row: Row) -> str:
    return f"{_list_path()}{row['reference']}/"


def _of(name: str, label: str, width: int = 16, *, key: str = "", **labels: Any) -> ExportColumn:
    """Return the column of one value of the row. key: its name in the row, where it differs."""
    return ExportColumn(name, label, lambda row: row[key or name], width=width, **labels)


INCIDENT_EXPORT = Export(
    name="incidents",
    spec=SPEC,
    values=_values,
    hide=_hide,
    path=_path,
    fixed=("reference", "title"),
    columns=(
        _of("reference", "Reference", 11),
        _of("title", "Title", 48),
        _of("severity", "Severity", 10, labels=dict(IncidentSeverity.choices)),
        _of("state", "State", 10, labels=dict(IncidentState.choices)),
        _of("model", "Model", 24, key="model_name"),
        _of("version", "Version", 12, key="version_name"),
        _of("team", "Team", 18, key="team_name"),
        _of("lead", "Lead", 20, key="lead_name"),
        _of("scribe", "Scribe", 20, key="scribe_name"),
        _of("communications", "Communications", 20, key="communications_name"),
        _of("breach", "Breach", 10, key="breach_reference"),
        _of("source", "Declared from", 12, key="source_reference"),
        _of("started_at", "Started (UTC)"),
        _of("noticed_at", "Noticed (UTC)"),
        _of("mitigated_at", "Mitigated (UTC)"),
        _of("resolved_at", "Resolved (UTC)"),
        _of("declared_at", "Declared (UTC)"),
        _of("affected", "Who is affected", 30),
        _of("summary", "What is known", 40),
        _of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
