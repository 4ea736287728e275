"""Retraining triggers: a crossing opens a change request of its model, and it is told if nothing follows."""

from datetime import datetime, timedelta

from catalogue.models import ChangeRequest, Model
from catalogue.operations import change_request
from catalogue.operations.change_request import ChangePlan
from catalogue.states import ChangeState
from history import operations as history
from history.models import Due, Event
from history.wiring import handler
from kit.actor import SYSTEM
from signals import events
from signals.models import Breach, BreachGroup
from signals.operations import breach
from signals.states import BreachState

ANSWER_DUE = "signals.retraining_answer_due"
# A request that waits this long is told of, again and again until it is settled.
ANSWERED_WITHIN = timedelta(days=14)


@handler("signals.retraining.request_change")
@history.in_one_transaction
def on_breach(event: Event, *, at: datetime) -> None:
    """Request a retraining if an open crossing of the group is not muted and its threshold is a trigger.

    A model has one open request of its triggers: further groups are linked to it. A group that has a request
    gets another one only if it reopens after that one was settled.
    """
    cause_key = (
        BreachGroup.objects.filter(subject=event.subject_id).values_list("cause_key", flat=True).first()
    )
    if cause_key is None:
        return
    breach.lock_causes([cause_key])
    rows = BreachGroup.objects.select_related("subject", "model__subject", "retraining")
    group = rows.get(subject=event.subject_id)
    crossing = _trigger_of(group)
    if crossing is None or group.model is None or _is_answered(group, event):
        return
    # Two groups of one model must not open two requests.
    Model.objects.select_for_update(of=("self",), no_key=True).get(pk=group.model_id)
    request = _open_request(group.model)
    is_new = request is None
    if request is None:
        request = _request(group, crossing, at=at, cause=event)
    payload = events.RetrainingRequested(request=request.subject_id, is_new=is_new)
    history.change(group, {"retraining": request}, by=SYSTEM, at=at, payload=payload, cause=event)
    if is_new:
        history.put_due(ANSWER_DUE, group.subject_id, f"{request.pk}/1", at + ANSWERED_WITHIN)


def _is_answered(group: BreachGroup, event: Event) -> bool:
    """Return True if the group needs no further request after this event."""
    if group.retraining is None:
        return False
    return group.retraining.is_open or not event.verb.endswith("reopened")


def _trigger_of(group: BreachGroup) -> Breach | None:
    """Return the worst open crossing of a retraining trigger, None if there is none or the group is muted."""
    if group.is_muted:
        return None
    rows = group.breaches.filter(
        state=BreachState.OPEN, threshold_version__is_retraining_trigger=True, mute=None, window=None
    )
    return rows.select_related("threshold").order_by("-level", "id").first()


def _open_request(model: Model) -> ChangeRequest | None:
    rows = ChangeRequest.objects.filter(model=model, state=ChangeState.OPEN).select_related("subject")
    linked = BreachGroup.objects.filter(model=model, retraining__isnull=False).values("retraining")
    return rows.filter(pk__in=linked).order_by("id").first()


def _request(group: BreachGroup, crossing: Breach, *, at: datetime, cause: Event) -> ChangeRequest:
    assert group.model is not None
    plan = ChangePlan(
        details=f"{group.reference} crossed a retraining trigger: {crossing.summary}.",
        effect=f"{crossing.threshold.name} no longer crosses its threshold.",
    )
    title = f"Retrain {group.model.name}: {group.title}"[:200]
    return change_request.open(model=group.model, title=title, plan=plan, by=SYSTEM, at=at, cause=cause)


@history.in_one_transaction
def note_unanswered(due: Due, *, at: datetime) -> None:
    """Tell that a requested retraining waits, and plan to tell it again. Does nothing if it is settled."""
    request_id, _, times = due.occurrence.partition("/")
    group = BreachGroup.objects.select_related("subject").filter(subject=due.subject_id).first()
    rows = ChangeRequest.objects.filter(pk=int(request_id), state=ChangeState.OPEN)
    request = rows.select_related("subject").first()
    if group is None or request is None or group.retraining_id != request.pk:
        return
    days = (at - request.opened_at).days
    payload = events.RetrainingMissed(request=request.subject_id, days=days)
    history.record(group, payload, by=SYSTEM, at=at)
    history.put_due(ANSWER_DUE, group.subject_id, f"{request_id}/{int(times) + 1}", at + ANSWERED_WITHIN)
