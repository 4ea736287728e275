"""What the list of incidents exports: the columns and the rows."""

from typing import Any

from django.db.models import F, Q, QuerySet

from history.queries import may_see, seen_by
from incidents.filters import RESOLVED_ORDER, SPEC, STARTED_ORDER
from incidents.states import IncidentSeverity, IncidentState
from kit.sight import Visitor
from lists.export_files import YES_NO, column_of, page_below
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


INCIDENT_EXPORT = Export(
    name="incidents",
    spec=SPEC,
    values=_values,
    hide=_hide,
    path=page_below("incidents:incident_list"),
    fixed=("reference", "title"),
    columns=(
        column_of("reference", "Reference", 11),
        column_of("title", "Title", 48),
        column_of("severity", "Severity", 10, labels=dict(IncidentSeverity.choices)),
        column_of("state", "State", 10, labels=dict(IncidentState.choices)),
        column_of("model", "Model", 24, key="model_name"),
        column_of("version", "Version", 12, key="version_name"),
        column_of("team", "Team", 18, key="team_name"),
        column_of("lead", "Lead", 20, key="lead_name"),
        column_of("scribe", "Scribe", 20, key="scribe_name"),
        column_of("communications", "Communications", 20, key="communications_name"),
        column_of("breach", "Breach", 10, key="breach_reference"),
        column_of("source", "Declared from", 12, key="source_reference"),
        column_of("started_at", "Started (UTC)"),
        column_of("noticed_at", "Noticed (UTC)"),
        column_of("mitigated_at", "Mitigated (UTC)"),
        column_of("resolved_at", "Resolved (UTC)"),
        column_of("declared_at", "Declared (UTC)"),
        column_of("affected", "Who is affected", 30),
        column_of("summary", "What is known", 40),
        column_of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
