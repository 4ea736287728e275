"""The score of a risk and the date of its next review, once some of its values are set."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from risklog import scoring
from risklog.models import Risk
from risklog.scoring import Cell, Matrix
from risklog.states import RiskState


def cell_with(risk: Risk, values: Mapping[str, Any]) -> Cell:
    """Return the likelihood and impact that count once `values` are set."""
    figures = {
        name: values.get(name, getattr(risk, name))
        for name in ("likelihood", "impact", "residual_likelihood", "residual_impact")
    }
    if figures["residual_likelihood"] is not None and figures["residual_impact"] is not None:
        return figures["residual_likelihood"], figures["residual_impact"]
    return figures["likelihood"], figures["impact"]


def score_with(risk: Risk, values: Mapping[str, Any]) -> int:
    """Return the score (1 to 25) once `values` are set. The database computes the column `severity`."""
    return scoring.score(*cell_with(risk, values))


def levels_with(risk: Risk, values: Mapping[str, Any], matrix: Matrix) -> list[int] | None:
    """Return [level before, level after] of setting `values`; None if the level stays."""
    levels = [matrix.level(*risk.cell), matrix.level(*cell_with(risk, values))]
    return levels if levels[0] != levels[1] else None


def moved_review(risk: Risk, values: Mapping[str, Any], today: date, matrix: Matrix) -> date | None:
    """Return the new date of the next review once `values` are set; None if the date stays.

    The date stays, with two exceptions: the level rises and its date comes before the current one, or an open
    risk has no date. A date in `values` always wins.
    """
    if "review_on" in values or risk.state == RiskState.CLOSED:
        return None
    due_on = matrix.next_review(*cell_with(risk, values), today)
    if risk.review_on is None:
        return due_on
    levels = levels_with(risk, values, matrix)
    has_risen = levels is not None and levels[1] > levels[0]
    return due_on if has_risen and due_on < risk.review_on else None
