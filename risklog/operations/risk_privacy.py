"""Restrict live risks as the privacy constraints of their model demand."""

from datetime import datetime

from catalogue.operations.privacy import restrict_each
from catalogue.queries.privacy import teams_to_restrict
from history import operations as history
from history.models import Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.states import LIVE_RISKS


@handler("risklog.risk.restrict_of_model")
@history.in_one_transaction
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Restrict the live risks of a model whose constraints demand it, on catalogue.model_changed."""
    _restrict(at=at, model__subject=event.subject_id)


@handler("risklog.risk.restrict_as_model_demands")
@history.in_one_transaction
def on_risk_changed(event: Event, *, at: datetime) -> None:
    """Restrict a live risk that is about another model now, or that is open again, as its model demands.

    Handles risklog.risk_changed and risklog.risk_reopened.
    """
    if changed_fields(event) & {"model_id", "state"}:
        _restrict(at=at, subject=event.subject_id)


def restrict_missing(*, at: datetime) -> None:
    """Restrict the live risks that the code of an earlier release left unrestricted. Idempotent."""
    _restrict(at=at)


def _restrict(*, at: datetime, **which: int) -> None:
    """Restrict the live risks among these whose model demands it. Their owners still see them.

    One that is restricted already stays as it is, and so does one that somebody opened to everyone since.
    """

    def restrict(risk: Risk) -> None:
        if teams := teams_to_restrict(risk.subject, risk.model):
            operations.restrict(risk, teams=teams, by=SYSTEM, at=at)

    restrict_each(Risk.objects.filter(state__in=LIVE_RISKS, **which), restrict)
