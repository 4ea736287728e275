"""Log the acceptances of risks as decisions, so that one list has everything that was decided."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from history import operations as history
from history.models import Event
from history.operations import Placement
from history.wiring import handler
from kit.actor import SYSTEM
from meetings.models import Decision
from meetings.states import DecisionState
from risklog.models import Acceptance
from risklog.states import AcceptanceState

_DECIDED = (AcceptanceState.ACCEPTED, AcceptanceState.ENDED)


@handler("meetings.decision.log_acceptance")
@history.in_one_transaction
def on_acceptance_changed(event: Event, *, at: datetime) -> None:
    """Log the acceptances of a risk, and end the decisions whose acceptance has ended."""
    _log(Acceptance.objects.filter(risk__subject=event.subject_id), at=at, cause=event)


@transaction.atomic
def log_missing(*, at: datetime, limit: int = 500) -> int:
    """Log acceptances that were decided before this log existed. Returns their number."""
    logged = Decision.objects.filter(acceptance=OuterRef("pk"))
    missing = Acceptance.objects.filter(~Exists(logged), state__in=_DECIDED).order_by("id")
    return _log(Acceptance.objects.filter(pk__in=list(missing.values_list("pk", flat=True)[:limit])), at=at)


def _log(rows: QuerySet[Acceptance], *, at: datetime, cause: Event | None = None) -> int:
    rows = rows.filter(state__in=_DECIDED, decided_at__isnull=False)
    acceptances = list(rows.select_related("risk__subject", "decided_by").order_by("id"))
    known = {found.acceptance_id: found for found in Decision.objects.filter(acceptance__in=acceptances)}
    for acceptance in acceptances:
        decision = known.get(acceptance.pk) or _record(acceptance, at=at, cause=cause)
        if acceptance.state == AcceptanceState.ENDED and decision.state == DecisionState.IN_FORCE:
            history.move(decision, DecisionState.ENDED, by=SYSTEM, at=at, cause=cause)
    return len(acceptances)


def _record(acceptance: Acceptance, *, at: datetime, cause: Event | None) -> Decision:
    """Record the decision of an acceptance. Those who may see the risk may see it."""
    risk = acceptance.risk
    reasons = (acceptance.reason, acceptance.decision_reason)
    decision = Decision(
        text=f"Accept {risk.reference} until {acceptance.until:%-d %B %Y}: {risk.title}",
        reason="\n\n".join(reason for reason in reasons if reason) or "No reason was recorded.",
        about=risk.subject,
        acceptance=acceptance,
        no_action_reason="The risk stays as it is until then.",
        recorded_by=acceptance.decided_by,
        decided_at=acceptance.decided_at,
    )
    placed = Placement(parent=risk.subject)
    history.record(decision, "meetings.acceptance_logged", by=SYSTEM, at=at, cause=cause, placed=placed)
    return decision
