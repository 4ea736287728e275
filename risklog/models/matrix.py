"""The matrix of the organisation: names of likelihoods, impacts and levels, and the level of each cell."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Expression, Func, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject

from history.models import Recorded
from kit.prepared import Prepared
from people import queries as people
from risklog import scoring
from risklog.scoring import Cell, Matrix


class RiskMatrix(Recorded):
    """The one matrix (pk 1). Without a row, scoring.DEFAULT applies.

    likelihoods, impacts, levels: five names, from step 1 to 5. cells: five rows of five levels, from
    likelihood 1 to 5.
    """

    KIND = "risk_matrix"
    HISTORY_LABELS = {
        "cells": "Levels of the cells",
        "likelihoods": "Names of the likelihoods",
        "impacts": "Names of the impacts",
        "levels": "Names of the levels",
    }

    likelihoods = ArrayField(models.CharField(max_length=40), size=5)
    impacts = ArrayField(models.CharField(max_length=40), size=5)
    levels = ArrayField(models.CharField(max_length=40), size=5)
    cells = ArrayField(ArrayField(models.PositiveSmallIntegerField(), size=5), size=5)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="risklog_one_matrix")]

    def as_matrix(self) -> Matrix:
        """Return the matrix that the row describes."""
        return Matrix(_named(self.likelihoods), _named(self.impacts), _named(self.levels), self.cells)

    @property
    def subject_title(self) -> str:
        return "Risk matrix"

    @classmethod
    def present(cls) -> "RiskMatrix":
        """Return the row of the matrix, an unsaved one with the default before the first change."""
        return cls.objects.select_related("subject").first() or cls.of(scoring.DEFAULT)

    @classmethod
    def of(cls, matrix: Matrix) -> "RiskMatrix":
        """Return the unsaved row of a matrix."""
        return cls(pk=1, **values_of(matrix))


def values_of(matrix: Matrix) -> dict[str, list]:
    """Return the fields of the row of a matrix."""
    return {
        "likelihoods": list(matrix.likelihoods.values()),
        "impacts": list(matrix.impacts.values()),
        "levels": list(matrix.levels.values()),
        "cells": [list(row) for row in matrix.cells],
    }


def _named(names: list[str]) -> dict[int, str]:
    return dict(enumerate(names, 1))


SETTING = "risk_matrix"
_MATRIX = Prepared(lambda: RiskMatrix.objects.order_by("pk")[:1])
# What one request has read already: [] or the matrix. None: every call reads it.
_known: ContextVar[list[Matrix] | None] = ContextVar("known_matrix", default=None)


def present_matrix() -> Matrix:
    """Return the matrix in force. A request reads it once, on a page together with the organisation."""
    known = _known.get()
    if known:
        return known[0]
    try:
        stored = people.known_setting(SETTING)
        matrix = RiskMatrix(**stored).as_matrix() if stored else scoring.DEFAULT
    except LookupError:
        row = _MATRIX.first()
        matrix = row.as_matrix() if row else scoring.DEFAULT
    if known is not None:
        known.append(matrix)
    return matrix


def forget() -> None:
    """Let the next present_matrix() read the matrix again, because it was changed."""
    known = _known.get()
    if known is not None:
        known.clear()


def along() -> Subquery:
    """Return the matrix as JSON, which the organisation is read with."""
    fields = {name: name for name in ("likelihoods", "impacts", "levels", "cells")}
    return Subquery(RiskMatrix.objects.order_by("pk").values(stored=JSONObject(**fields))[:1])


@contextmanager
def read_once() -> Iterator[None]:
    """Read the matrix at most once inside the block."""
    token = _known.set([])
    try:
        yield
    finally:
        _known.reset(token)


# ------------------------------------------------------------------ conditions on risks

_CELLS_BY_SCORE: dict[int, list[Cell]] = {
    score: [cell for cell in scoring.every_cell() if scoring.score(*cell) == score]
    for score in sorted({scoring.score(*cell) for cell in scoring.every_cell()})
}


def in_cells(cells: Collection[Cell]) -> Q:
    """Return the condition that the likelihood and impact that count are one of these cells."""
    chosen: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells:
        chosen[scoring.score(*cell)].append(cell)
    condition = Q(pk__in=[])
    run: list[int] = []
    for score, all_cells in _CELLS_BY_SCORE.items():
        if len(chosen[score]) == len(all_cells):
            run.append(score)
            continue
        if run:
            condition |= Q(severity__range=(run[0], run[-1]))
            run = []
        for cell in chosen[score]:
            condition |= _in_one_cell(*cell)
    return condition | Q(severity__range=(run[0], run[-1])) if run else condition


def _in_one_cell(likelihood: int, impact: int) -> Q:
    inherent = Q(residual_likelihood__isnull=True, likelihood=likelihood, impact=impact)
    residual = Q(residual_likelihood=likelihood, residual_impact=impact)
    return Q(severity=likelihood * impact) & (inherent | residual)


def level_in(matrix: Matrix) -> Func:
    """Return the level of each risk in a matrix as an expression."""
    levels = Value([level for row in matrix.cells for level in row], ArrayField(models.SmallIntegerField()))
    likelihood, impact = (Coalesce(f"residual_{name}", name) for name in ("likelihood", "impact"))
    return item_of(levels, (likelihood - 1) * 5 + impact, models.SmallIntegerField())


def item_of(array: Value, position: Expression, output_field: models.Field) -> Func:
    """Return one item of an array as an expression. position: from 1."""
    return Func(array, position, template="(%(expressions)s]", arg_joiner=")[", output_field=output_field)
