"""The live risks of past days, from history: the current rows, with later changes undone."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from catalogue.models import Model
from history.models import IS_NEW, Event
from leaders import tallies
from leaders.queries.present_risks import with_moves
from leaders.queries.scopes import scope
from leaders.tallies import RiskCell, Scope, TopRisk
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.states import RiskState

# The fields of a risk that its cell follows from.
FIELDS = (
    "state",
    "team_id",
    "model_id",
    "category_id",
    "likelihood",
    "impact",
    "residual_likelihood",
    "residual_impact",
)
_MODEL = "risklog.risk"


class PastRisks:
    """The risks as they were at a moment, which goes back in time.

    It needs about 500 bytes a risk. Who may see a risk, tiers and levels are those of now.
    """

    def __init__(self) -> None:
        self._matrix = present_matrix()
        self._tiers: dict[int, Any] = dict(Model.objects.filter(tier__isnull=False).values_list("pk", "tier"))
        self._scopes: dict[int, Scope] = {}
        self._rows: dict[int, dict[str, Any]] = {}
        self.cells: Counter[RiskCell] = Counter()
        self._points: Counter[RiskCell] = Counter()
        columns = ("pk", "subject__viewers", "subject__granted", *FIELDS)
        for pk, viewers, granted, *values in Risk.objects.values_list(*columns).iterator(chunk_size=5_000):
            self._scopes[pk] = scope(viewers, granted)
            self._rows[pk] = dict(zip(FIELDS, values, strict=True))
            self._count(pk, 1)
        self._until: datetime | None = None

    def go_back(self, to: datetime) -> None:
        """Undo what happened at `to` and later, the latest first. One query."""
        events = Event.objects.filter(at__gte=to, data__rows__contains=[{"model": _MODEL}])
        if self._until is not None:
            events = events.filter(at__lt=self._until)
        changes = events.order_by("-at", "-id").values_list("data__rows", flat=True)
        for rows in changes.iterator(chunk_size=2_000):
            for row in rows:
                if row["model"] == _MODEL:
                    self._undo(row["pk"], row["changes"], bool(row.get(IS_NEW)))
        self._until = to

    def sums(self) -> dict[RiskCell, tallies.Sum]:
        """Return how many live risks each cell has, and the sum of their scores."""
        return {cell: tallies.Sum(n, self._points[cell]) for cell, n in self.cells.items() if n}

    def top(self, at: datetime) -> dict[tuple[Scope, int | None], list[TopRisk]]:
        """Return the highest live risks of each scope and team. One query."""
        grouped: dict[tuple[Scope, int | None], list[list[Any]]] = defaultdict(list)
        for pk, row in self._rows.items():
            if row["state"] != RiskState.CLOSED:
                likelihood, impact = _assessed(row)
                entry = [pk, likelihood * impact, self._matrix.level(likelihood, impact)]
                grouped[self._scopes[pk], row["team_id"]].append(entry)
        return with_moves(grouped, at)

    def _undo(self, pk: int, changes: Mapping[str, Sequence[Any]], is_new: bool) -> None:
        if pk not in self._rows:
            return
        self._count(pk, -1)
        if is_new:
            del self._rows[pk]
            return
        self._rows[pk].update({name: old for name, (old, _) in changes.items() if name in FIELDS})
        self._count(pk, 1)

    def _count(self, pk: int, number: int) -> None:
        row = self._rows[pk]
        if row["state"] == RiskState.CLOSED:
            return
        likelihood, impact = _assessed(row)
        cell = RiskCell(
            self._scopes[pk],
            row["team_id"],
            self._tiers.get(row["model_id"], 0),
            row["category_id"],
            self._matrix.level(likelihood, impact),
            row["state"] == RiskState.ACCEPTED,
        )
        self.cells[cell] += number
        self._points[cell] += number * likelihood * impact


def _assessed(row: Mapping[str, Any]) -> tuple[int, int]:
    """Return the likelihood and the impact that count."""
    if row["residual_likelihood"] is None:
        return row["likelihood"], row["impact"]
    return row["residual_likelihood"], row["residual_impact"]
