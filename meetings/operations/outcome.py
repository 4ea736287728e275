"""Ask some weeks after a decision whether it worked, and record the answer."""

from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import Decision
from meetings.states import DecisionState, DidItWork
from people import queries as people
from risklog.operations.days import day_of, moment_of

DUE = "meetings.outcome"


def plan(decision: Decision, *, at: datetime) -> None:
    """Plan the question, the weeks of the organisation after `at`."""
    with people.known_organisation(people.organisation()):
        day = day_of(at) + timedelta(weeks=people.outcome_weeks())
        history.put_due(DUE, decision.subject_id, day.isoformat(), moment_of(day))


@transaction.atomic
def ask(due: Due, *, at: datetime) -> None:
    """Ask whether a decision worked, unless somebody knows already. Handles dues of kind meetings.outcome."""
    decision = Decision.objects.select_related("subject").filter(subject=due.subject_id).first()
    if decision is None or decision.state != DecisionState.IN_FORCE:
        return
    if decision.outcome in ("", DidItWork.TOO_EARLY):
        history.record(decision, "meetings.outcome_asked", by=SYSTEM, at=at)


@transaction.atomic
def answer(
    decision: Decision, *, outcome: str, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Decision:
    """Record whether a decision worked. A later answer takes the place of an earlier one.

    outcome: a DidItWork. "too_early" asks again after the same time. Raises Refused(field="outcome" or
    "note"), ChangedMeanwhile.
    """
    if outcome not in DidItWork.values:
        raise Refused(f"Use one of {', '.join(DidItWork.values)}.", field="outcome")
    if outcome == DidItWork.DID_NOT and not note.strip():
        raise Refused("Enter what happened instead.", field="note")
    values = {
        "outcome": outcome,
        "outcome_note": note.strip(),
        "outcome_by": by.person,
        "outcome_at": at,
    }
    payload = events.OutcomeRecorded(outcome=str(outcome))
    history.change(decision, values, by=by, at=at, seen=seen, payload=payload)
    history.drop_dues(decision.subject_id, DUE)
    if outcome == DidItWork.TOO_EARLY:
        plan(decision, at=at)
    return decision
