"""The columns of the list of risks: which ones it shows, and the values of those that a reader chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from history.queries import seen_by
from kit.sight import Visitor
from lists.specification import Selection
from risklog.columns import LISTED
from risklog.models import Risk
from risklog.queries import risk as queries
from risklog.queries.risk_export import RISK_EXPORT

DEFAULT = ("level", "title", "team", "state", "spark", "owner", "updated_at")
# Column -> (field of its orders, the order of the list without a query if it is one of them).
_SORTED = {
    "level": ("severity", "-severity"),
    "updated_at": ("updated_at", ""),
    "opened_at": ("opened_at", ""),
}
_CSS = {
    "level": "",
    "title": "",
    "state": "",
    "spark": "column-optional column-roomy",
    "updated_at": "column-end",
}
# The values that every row has (risk.ROW), by column. Of the others, the column is the field.
_IN_EVERY_ROW = {
    "reference", "title", "level", "state", "category", "model", "team", "owner", "spark", "severity",
    "score_basis", "likelihood", "impact", "residual_likelihood", "residual_impact", "is_restricted",
    "opened_at", "updated_at",
}  # fmt: skip
_NAMED: dict[str, dict[str, Any]] = {
    "reported_by": {"reporter_name": F("raised_by__name")},
    "breach": {
        "breach_reference": F("breach_group__subject__reference"),
        **seen_by("breach", "breach_group__subject"),
    },
    "duplicate_of": {
        "merged_into_reference": F("merged_into__subject__reference"),
        **seen_by("merged_into", "merged_into__subject"),
    },
}


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column. css: classes of its cells. field, first: as in _SORTED, "" without."""

    name: str
    label: str
    css: str
    field: str
    first: str


def shown(selection: Selection) -> tuple[str, ...]:
    """Return the columns of the page. The title, which is the link to the risk, is always one of them."""
    chosen = selection.columns or DEFAULT
    return chosen if "title" in chosen else ("title", *chosen)


def headings(columns: Sequence[str]) -> list[Heading]:
    return [Heading(name, LISTED[name], css_of(name), *_SORTED.get(name, ("", ""))) for name in columns]


def css_of(name: str) -> str:
    return _CSS.get(name, "column-optional")


def listed(rows: QuerySet[Risk], columns: Sequence[str]) -> QuerySet:
    """Return the values that the rows of the list need for these columns. Pass its rows to hidden()."""
    further = [name for name in columns if name not in _IN_EVERY_ROW and name not in _NAMED]
    named = {key: value for name in columns for key, value in _NAMED.get(name, {}).items()}
    return queries.listed(rows, *further, **named)


def hidden(rows: list[dict[str, Any]], user: Visitor) -> list[dict[str, Any]]:
    """Remove models, breaches and other risks that this reader may not see. Return the rows."""
    return RISK_EXPORT.hide(rows, user)
