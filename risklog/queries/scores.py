"""The score of a risk and the date of its next review, once some of its values are set."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from risklog import scoring
from risklog.models import Risk
from risklog.states import RiskState


def score_with(risk: Risk, values: Mapping[str, Any]) -> int:
    """Return the score (1 to 25) once `values` are set. The database computes the column `severity`."""
    figures = {
        name: values.get(name, getattr(risk, name))
        for name in ("likelihood", "impact", "residual_likelihood", "residual_impact")
    }
    if figures["residual_likelihood"] is not None and figures["residual_impact"] is not None:
        return scoring.score(figures["residual_likelihood"], figures["residual_impact"])
    return scoring.score(figures["likelihood"], figures["impact"])


def moved_review(risk: Risk, values: Mapping[str, Any], today: date) -> date | None:
    """Return the new date of the next review once `values` are set; None if the date stays.

    The date stays, with two exceptions: the level rises and its date comes before the current one, or an open
    risk has no date. A date in `values` always wins.
    """
    if "review_on" in values or risk.state == RiskState.CLOSED:
        return None
    score = score_with(risk, values)
    due_on = scoring.next_review(score, today)
    if risk.review_on is None:
        return due_on
    has_risen = scoring.level(score) > scoring.level(risk.severity)
    return due_on if has_risen and due_on < risk.review_on else None
