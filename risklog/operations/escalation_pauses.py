"""Pausing an escalation for some days, and resuming it."""

from datetime import datetime, timedelta
from math import ceil

from django.db import transaction

from history import operations as history
from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from risklog.events import escalation as events
from risklog.models import Escalation
from risklog.operations import climb
from risklog.operations.escalation import expect
from risklog.states import EscalationState

LONGEST_PAUSE = timedelta(days=14)
LONGEST_PAUSES = timedelta(days=28)  # of one escalation, all together


@transaction.atomic
def pause(
    escalation: Escalation, *, until: datetime, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Escalation:
    """Pause an escalation until a moment at most 14 days ahead. It then resumes by itself.

    Raises Refused without a reason, if `until` is not within the next 14 days, or if all its pauses would be
    longer than LONGEST_PAUSES.
    """
    if not reason.strip():
        raise Refused("Enter the reason for the pause.", field="reason")
    if until <= at:
        raise Refused("Choose a time in the future.", field="until")
    if until > at + LONGEST_PAUSE:
        raise Refused("A pause can last at most 14 days.", field="until")
    escalation = climb.lock_for(escalation, seen)
    expect(escalation, EscalationState.CLIMBING, EscalationState.ACKNOWLEDGED)
    paused_minutes = _paused_minutes(escalation, until - at)
    climb.quieten(escalation)
    history.move(
        escalation,
        EscalationState.PAUSED,
        by=by,
        at=at,
        values={
            "paused_until": until,
            "paused_minutes": paused_minutes,
            "next_climb_at": None,
            "acknowledged_by": None,
            "reason": reason.strip(),
        },
        payload=events.EscalationPaused(reason=reason.strip(), until=until.isoformat()),
    )
    history.put_due(climb.PAUSE_END, escalation.subject_id, f"v{escalation.version}", until)
    return escalation


def _paused_minutes(escalation: Escalation, length: timedelta) -> int:
    """Return the minutes of all pauses with a further one. Raises Refused if they are too long."""
    former = timedelta(minutes=escalation.paused_minutes)
    if former + length > LONGEST_PAUSES:
        left = LONGEST_PAUSES - former
        rest = f"at most {left.days} d {left.seconds // 3600} h" if left > timedelta() else "no time"
        raise Refused(
            f"All pauses of an escalation can last {LONGEST_PAUSES.days} days together: {rest} is left."
            " Hand it over, de-escalate it or resolve it.",
            field="until",
        )
    return escalation.paused_minutes + ceil(length / timedelta(minutes=1))


@transaction.atomic
def resume(escalation: Escalation, *, by: Actor, at: datetime, seen: int | None = None) -> Escalation:
    """Resume a paused escalation on its present rung, with the whole time limit of that rung."""
    escalation = climb.lock_for(escalation, seen)
    expect(escalation, EscalationState.PAUSED)
    assert escalation.paused_until is not None  # it is paused
    unused = max(escalation.paused_until - at, timedelta()) // timedelta(minutes=1)
    climb.quieten(escalation)
    history.move(
        escalation,
        EscalationState.CLIMBING,
        by=by,
        at=at,
        values={
            "paused_until": None,
            "paused_minutes": max(escalation.paused_minutes - unused, 0),
            "reason": "",
            "rung_since": at,
            "next_climb_at": climb.next_after(escalation, at),
        },
        payload=events.EscalationResumed(rung=escalation.rung, **climb.told_on(escalation)),
    )
    climb.plan(escalation)
    return escalation


@transaction.atomic
def end_pause(due: Due, *, at: datetime) -> None:
    """Resume the escalation of a Due of kind climb.PAUSE_END if its pause is over."""
    escalation = climb.lock(subject_id=due.subject_id)
    if not escalation or escalation.state != EscalationState.PAUSED:
        return
    if escalation.paused_until is not None and escalation.paused_until <= at:
        resume(escalation, by=SYSTEM, at=at)
