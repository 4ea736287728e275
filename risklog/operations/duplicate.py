"""Closing a risk as the duplicate of another one. Reopening it ends that.

Nothing moves: comments, files, actions, reviews and history stay on the duplicate, and the page of the other
risk shows them as well, to those who may see them.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from risklog.events import risk as events
from risklog.models import Risk
from risklog.operations import review, reviewer
from risklog.operations.acceptance import rows_of_end
from risklog.queries import duplicate as queries
from risklog.states import DUPLICATE_EVIDENCE, RiskState
from talk.operations import watch


@transaction.atomic
def merge(
    risk: Risk,
    *,
    into: Risk,
    by: Actor,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Close a risk as a duplicate of another one. Its watchers watch the other one too, if they may see it.

    into: a live risk that the actor may see. reason: why, on the page as the evidence. Handlers of the event
    withdraw the open review about the risk and resolve its escalation. Raises Refused, IllegalMove,
    ChangedMeanwhile.
    """
    _lock([risk, into])
    check(risk, into)
    reason = reason.strip()
    values = {
        "merged_into": into,
        "closing_evidence": reason or DUPLICATE_EVIDENCE,
        "review_on": None,
        "accepted_until": None,
        "updated_at": at,
    }
    closed = events.RiskClosed(reason=reason or None, is_duplicate=True)
    rows = rows_of_end(risk, by=by, at=at)
    history.move(
        risk, RiskState.CLOSED, by=by, at=at, seen=seen, values=values, payload=closed, rows=rows, cause=cause
    )
    watch.start_for(into.subject, queries.watchers_to_keep(risk, into), at=at)
    return risk


def check(risk: Risk, into: Risk) -> None:
    """Raise Refused or IllegalMove if a risk cannot be closed as a duplicate of another one."""
    if risk.state == RiskState.CLOSED:
        raise IllegalMove("This risk is closed already. Reopen it first.", field="state")
    if into.pk == risk.pk:
        raise Refused("A risk is no duplicate of itself. Choose another risk.", field="into")
    if into.state == RiskState.CLOSED:
        raise Refused(f"{into.reference} is closed. Choose a live risk, or reopen it first.", field="into")


def _lock(risks: Sequence[Risk]) -> None:
    """Lock the risks in the order of their ids and read their states: two merges cannot make a circle."""
    rows = Risk.objects.select_for_update(of=("self",)).filter(pk__in=[risk.pk for risk in risks])
    states = dict(rows.order_by("pk").values_list("pk", "state"))
    for risk in risks:
        risk.state = states[risk.pk]


@handler("risklog.review.withdraw_with_duplicate")
@history.in_one_transaction
def on_risk_closed(event: Event, *, at: datetime) -> None:
    """Withdraw the open review about a risk that is closed as a duplicate, unless it is reopened by now."""
    if not Risk.objects.filter(subject_id=event.subject_id, merged_into__isnull=False).exists():
        return
    if found := reviewer.lock_open_about(event.subject_id):
        review.withdraw(found, reason="Its risk was closed as a duplicate.", by=SYSTEM, at=at, cause=event)
