"""The risks of each team beside those of the others: how many there are, and how many need attention."""

from dataclasses import dataclass

from django.db.models import Count, Q

from lists.collation import Collated
from lists.specification import Reader, Selection
from risklog.filters.risk import RISK_LIST
from risklog.states import LIVE_RISKS

# Name -> (label, filters of the list) of what is counted. The first is all live risks.
COUNTED = {
    "live": ("Live", ""),
    "high": ("Critical & high", "level=5,4"),
    "overdue": ("Overdue", "review=overdue"),
    "unowned": ("No owner", "owner=none"),
    "unplanned": ("Without a plan", "plan=none"),
    "accepted": ("Accepted", "state=accepted"),
    "ending": ("Ends soon", "ending=true"),
    "changed": ("Changed this week", "changed=week"),
}


@dataclass(frozen=True, slots=True)
class TeamCounts:
    """The live risks of one team. slug: "none" without a team. counts: name of COUNTED -> number."""

    slug: str
    name: str
    counts: dict[str, int]


def by_team(selection: Selection, reader: Reader) -> list[TeamCounts]:
    """Return a row for each team with live risks that the reader may see, by name. One query.

    selection: further filters of the list. Risks without a team come last.
    """
    rows = RISK_LIST.chosen(selection, reader).filter(state__in=LIVE_RISKS).order_by()
    numbers = {name: Count("pk", filter=_condition(query, reader)) for name, (_, query) in COUNTED.items()}
    found = (
        rows.values("team__slug", "team__name")
        .annotate(**numbers)
        .order_by(Collated("team__name").asc(nulls_last=True), "team__slug")
    )
    return [
        TeamCounts(
            row["team__slug"] or "none",
            row["team__name"] or "No team",
            {name: row[name] for name in COUNTED},
        )
        for row in found
    ]


def _condition(query: str, reader: Reader) -> Q:
    """Return the condition of the filters of a query."""
    condition = Q(pk__isnull=False)
    for name, values in RISK_LIST.read(query).values.items():
        condition &= RISK_LIST.spec.filters[name].condition(values, reader)
    return condition
