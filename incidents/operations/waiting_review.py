"""Write that a review waits, because its incident is not resolved: nobody is reminded of it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from history import operations as history
from history.models import Due, Event
from history.states import Work
from incidents.models import Incident, Postmortem
from incidents.models.postmortem import WAITS
from incidents.operations.postmortem import OVERDUE, REMINDER, resolve_escalation
from incidents.states import IncidentState, PostmortemState
from kit.actor import SYSTEM, Actor
from risklog.models import Escalation
from risklog.states import EscalationState

_DUE_AGAIN = "Its review is due again after it is resolved."
_WHY_IT_WAITS = {
    IncidentState.OPEN: f"The incident is open again. {_DUE_AGAIN}",
    IncidentState.MITIGATED: f"The incident is not resolved any more. {_DUE_AGAIN}",
    IncidentState.WITHDRAWN: "The incident is withdrawn. It needs no review.",
}


def wait_for(incident: Incident, *, by: Actor, at: datetime, cause: Event | None = None) -> None:
    """Stop the reminders and the escalation of the review of an incident that came back.

    It cannot be finished while the incident is open. postmortem.open_for() sets its due date again.
    """
    postmortem = Postmortem.objects.filter(incident=incident, state=PostmortemState.OPEN).first()
    if postmortem is not None:
        _stop_chasing(postmortem, incident, by=by, at=at, cause=cause)


def stop_where_missing(*, at: datetime, limit: int = 100) -> int:
    """Stop the reminders and escalations of reviews that wait, where an earlier release left them.

    Returns how many reviews were chased.
    """
    about = OuterRef("subject")
    dues = Due.objects.filter(subject=about, kind__in=(REMINDER, OVERDUE), state=Work.PENDING)
    running = Escalation.objects.filter(about=about).exclude(state=EscalationState.RESOLVED)
    rows = Postmortem.objects.filter(WAITS).filter(Exists(dues) | Exists(running)).order_by("pk")
    return sum(_stop_one(pk, at=at) for pk in list(rows.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _stop_one(pk: int, *, at: datetime) -> bool:
    """Stop chasing a review, unless its incident was resolved meanwhile. The incident is locked."""
    rows = Postmortem.objects.select_related("incident").select_for_update(of=("self", "incident"))
    postmortem = rows.filter(WAITS, pk=pk).first()
    if postmortem is None:
        return False
    _stop_chasing(postmortem, postmortem.incident, by=SYSTEM, at=at, cause=None)
    return True


def _stop_chasing(
    postmortem: Postmortem, incident: Incident, *, by: Actor, at: datetime, cause: Event | None
) -> None:
    history.drop_dues(postmortem.subject_id, REMINDER, OVERDUE)
    reason = _WHY_IT_WAITS[IncidentState(incident.state)]
    resolve_escalation(postmortem, reason, by=by, at=at, cause=cause)
