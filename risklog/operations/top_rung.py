"""The top rung, where nobody else is notified: its people are called again, by themselves or by a person."""

from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people.models import User
from risklog.events import escalation as events
from risklog.models import Climb, Escalation
from risklog.operations import climb, sight
from risklog.queries import rung as rung_queries
from risklog.states import EscalationState

# How long the people of a rung have before a person may call them again.
GAP = timedelta(hours=1)


@transaction.atomic
def call_again(
    escalation: Escalation, *, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Escalation:
    """Notify the people who are on the top rung now.

    Raises Refused if nobody is on it now or if they were notified within the last hour, IllegalMove below the
    top rung and unless it is escalating.
    """
    escalation = climb.lock_for(escalation, seen)
    if escalation.state != EscalationState.CLIMBING:
        state = escalation.get_state_display().lower()
        raise IllegalMove(f"It is {state}. Only a running escalation can be called again.", field="note")
    if not escalation.is_at_top:
        raise IllegalMove("It is not on the top rung. It climbs on by itself if nobody acts.", field="note")
    if escalation.rung_since and at < escalation.rung_since + GAP:
        raise Refused(
            "The people of this rung were notified less than an hour ago. Give them an hour.", field="note"
        )
    reached = climb.staffed_here(escalation, at)
    if reached is None:
        raise Refused("Nobody is on this rung now. Resolve the escalation or hand it over.", field="note")
    climb.quieten(escalation)
    row = climb.reached_row(escalation, reached, round_=escalation.round + 1, at=at)
    return _call(escalation, row, reached.on.people, note=note.strip(), by=by, at=at)


@transaction.atomic
def call(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind climb.CALL: nobody answered on the top rung, so its people are called again.

    If nobody is on it now, the last resort is notified. It is idempotent.
    """
    escalation = climb.lock(subject_id=due.subject_id)
    moment = rung_queries.next_call_at(escalation) if escalation else None
    if not escalation or moment is None:
        return
    if moment > at:  # it was called meanwhile, or the working hours have changed
        climb.plan(escalation)
        return
    reached = climb.staffed_here(escalation, at)
    people = reached.on.people if reached else rung_queries.last_resort()
    row = (
        climb.reached_row(escalation, reached, round_=escalation.round + 1, at=at)
        if reached
        else climb.row_of(escalation, [person.pk for person in people], at)
    )
    _call(escalation, row, people, note="", by=SYSTEM, at=at)


def notify(escalation: Escalation, to: User, *, by: Actor, at: datetime, note: str) -> Escalation:
    """Notify a further person on the top rung. The escalation is locked."""
    row = climb.row_of(escalation, [to.pk], at)
    climb.quieten(escalation)
    history.change(
        escalation,
        {"round": row.round, "rung_since": at},
        by=by,
        at=at,
        payload=events.EscalationHandedOver(to=to.pk, told=[to.pk], note=note.strip(), until=""),
        rows=[row],
    )
    sight.show_to(escalation, [to], at=at)
    climb.plan(escalation)
    return escalation


def _call(
    escalation: Escalation, row: Climb, people: list[User], *, note: str, by: Actor, at: datetime
) -> Escalation:
    history.change(
        escalation,
        {"round": row.round, "rung_since": at},
        by=by,
        at=at,
        payload=events.EscalationCalledAgain(
            rung=escalation.rung, told=row.notified_ids, note=note, **climb.channels_of(row)
        ),
        rows=[row],
    )
    sight.show_to(escalation, people, at=at)
    climb.plan(escalation)
    return escalation
