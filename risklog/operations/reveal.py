"""Revealing who escalated something anonymously: one administrator asks, another confirms within two days.

The name is read by these two administrators only, and the person who escalated is told.
"""

from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from risklog.events import escalation as events
from risklog.models import Escalation, Reveal
from risklog.operations import climb
from risklog.queries import reveal as queries
from risklog.states import RevealState

DUE = "risklog.reveal_lapses"
WITHIN = timedelta(days=2)
_WHO_CONFIRMS = (
    "An administrator confirms who was one before the request, and whom nobody added, promoted, reactivated "
    f"or gave a sign-in link in the {queries.INDEPENDENT_FOR.days} days before it or since."
)


@transaction.atomic
def ask(
    escalation: Escalation, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Escalation:
    """Ask to reveal who escalated it. Another administrator decides within two days.

    Raises Refused without a reason, if nobody escalated it anonymously, if it is asked already, or if no
    other administrator could confirm it.
    """
    if not reason.strip():
        raise Refused("Enter the reason.", field="reason")
    escalation = climb.lock_for(escalation, seen)
    if not queries.is_unnamed(escalation):
        raise Refused("Nobody escalated this anonymously.", field="reason")
    if _asked(escalation) is not None:
        raise Refused("This is asked already. Another administrator decides.", field="reason")
    if not queries.confirmers(by.person, at).exists():
        raise Refused(f"Nobody could confirm this. {_WHO_CONFIRMS}", field="reason")
    reveal = Reveal(
        escalation=escalation, reason=reason.strip(), asked_by=by.person, asked_at=at, until=at + WITHIN
    )
    payload = events.RevealAsked(reason=reveal.reason, until=reveal.until.isoformat())
    history.change(escalation, {}, by=by, at=at, payload=payload, rows=[reveal])
    history.put_due(DUE, escalation.subject_id, f"reveal-{reveal.pk}", reveal.until)
    return escalation


@transaction.atomic
def confirm(escalation: Escalation, *, by: Actor, at: datetime, seen: int | None = None) -> Escalation:
    """Confirm the request of another administrator. Both then see who escalated it, and that person is told.

    Raises IllegalMove without a request in time, Refused for the administrator who asked and for one who is
    not independent (queries.confirmers).
    """
    escalation, reveal = _open(escalation, at, seen)
    if by.person is None or by.person.pk == reveal.asked_by_id:
        raise Refused("You asked. Another administrator confirms.", field="by")
    if not queries.may_confirm(by.person, reveal):
        raise Refused(f"You cannot confirm this. {_WHO_CONFIRMS}", field="by")
    payload = events.EscalationRevealed(reason=reveal.reason, told=[reveal.asked_by_id])
    return _decide(escalation, reveal, RevealState.CONFIRMED, payload, by=by, at=at)


@transaction.atomic
def decline(
    escalation: Escalation, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Escalation:
    """Decline a request, also one's own. Raises IllegalMove without a request in time, Refused."""
    if not reason.strip():
        raise Refused("Enter the reason.", field="reason")
    escalation, reveal = _open(escalation, at, seen)
    payload = events.RevealDeclined(reason=reason.strip(), told=[reveal.asked_by_id])
    return _decide(escalation, reveal, RevealState.DECLINED, payload, by=by, at=at)


@transaction.atomic
def lapse(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind DUE: the request lapses if nobody decided. It is idempotent."""
    escalation = Escalation.objects.select_for_update().get(subject=due.subject_id)
    reveal = _asked(escalation)
    if reveal is None or reveal.until > at:
        return
    payload = events.RevealLapsed(told=[reveal.asked_by_id])
    _decide(escalation, reveal, RevealState.LAPSED, payload, by=SYSTEM, at=at)


def _asked(escalation: Escalation) -> Reveal | None:
    return Reveal.objects.filter(escalation=escalation, state=RevealState.ASKED).first()


def _open(escalation: Escalation, at: datetime, seen: int | None) -> tuple[Escalation, Reveal]:
    """Lock the escalation, and return it with the request that can be decided. Raises IllegalMove."""
    escalation = climb.lock_for(escalation, seen)
    reveal = _asked(escalation)
    if reveal is None:
        raise IllegalMove("Nobody asked to reveal this, or it is decided already.", field="reason")
    if reveal.until <= at:
        raise IllegalMove("The time to decide is over. Ask again.", field="reason")
    return escalation, reveal


def _decide(
    escalation: Escalation,
    reveal: Reveal,
    to: RevealState,
    payload: events.EscalationRevealed | events.RevealDeclined | events.RevealLapsed,
    *,
    by: Actor,
    at: datetime,
) -> Escalation:
    history.drop_dues(escalation.subject_id, DUE)
    values = {"decided_by": by.person, "decided_at": at}
    history.move(reveal, to, by=by, at=at, values=values, payload=payload)
    return escalation
