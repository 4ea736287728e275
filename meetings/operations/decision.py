"""Record decisions, in a meeting or outside, with actions and effects; replace them by later ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from actions.operations import action
from history import operations as history
from history.models import Event, Subject
from history.operations import GrantReason, NewGrant, Placement
from kit.actor import Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import AgendaItem, Decision, DecisionEffect, Meeting, Tripwire
from meetings.operations import effect, outcome, tripwire
from meetings.operations import item as items
from meetings.states import TO_COME, DecisionState, ItemOutcome, ItemState, MeetingState
from people.models import User
from risklog.models import Acceptance, Review
from risklog.operations import review as reviews
from risklog.states import AcceptanceState, Outcome, ReviewState

_ACTION_FIELDS = frozenset({"title", "owner", "due_on", "type", "effort", "details"})


@transaction.atomic
def record(
    *,
    text: str,
    reason: str,
    by: Actor,
    at: datetime,
    about: Subject | None = None,
    meeting: Meeting | None = None,
    item: AgendaItem | None = None,
    is_before_meeting: bool = False,
    actions: Sequence[Mapping[str, Any]] = (),
    no_action_reason: str = "",
    settles: str = "",
    may_be_incomplete: bool = False,
    effects: Sequence[Mapping[str, Any]] = (),
    replaces: Decision | None = None,
    options: str = "",
    dissent: str = "",
    tripwires: Sequence[Mapping[str, Any]] = (),
    cause: Event | None = None,
) -> Decision:
    """Record a decision, create its actions, apply its effects and settle its review, in one transaction.

    item: it gives meeting and subject. is_before_meeting: the meeting has yet to start. actions: mappings of
    title, owner, due_on, type, effort, details. settles: an Outcome if the subject is an open review.
    may_be_incomplete: in a meeting, see completion. effects: see effect.plan(). replaces: an earlier one.
    options, dissent: texts. tripwires: see tripwire.planned(). Raises Refused, IllegalMove.
    """
    if item:
        meeting, about = item.meeting, about or item.about
    is_answered = bool(actions or effects or no_action_reason.strip())
    is_strict = not may_be_incomplete or meeting is None or bool(settles)
    _check(text, reason, actions, is_answered=is_answered, is_strict=is_strict)
    meeting = _locked(meeting, is_before=is_before_meeting) if meeting is not None else None
    review, planned = _review(about, settles), effect.plan(effects, by=by, has_action=bool(actions))
    texts = {"text": text, "reason": reason, "options": options, "dissent": dissent}
    decision = _new(texts | {"no_action_reason": no_action_reason}, planned, by=by, at=at)
    decision.about, decision.meeting, decision.item = about, meeting, item
    decision.is_incomplete = not (decision.reason and is_answered)
    taken = events.DecisionTaken(actions=len(actions), settles=str(settles), effects=len(planned) or None)
    event = _record(decision, taken, planned, tripwires, by=by, at=at, cause=cause)
    _follow(decision, actions, planned, replaces, by=by, at=at, cause=event)
    if review:
        reviews.settle(review, outcome=settles, reason=reason.strip(), by=by, at=at, cause=event)
    return decision


def _new(
    texts: Mapping[str, str], planned: Sequence[effect.PlannedEffect], *, by: Actor, at: datetime
) -> Decision:
    """Return an unsaved decision with its texts, and with the acceptance that its effects give."""
    return Decision(
        **{name: text.strip() for name, text in texts.items()},
        acceptance=effect.acceptance_of(planned),
        recorded_by=by.person if isinstance(by.person, User) else None,
        decided_at=at,
    )


def _record(
    decision: Decision,
    taken: events.DecisionTaken,
    planned: Sequence[effect.PlannedEffect],
    tripwires: Sequence[Mapping[str, Any]],
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
) -> Event:
    """Save a decision with its effects and tripwires, and write its event."""
    wires = tripwire.planned(tripwires, at=at)
    rows: list[DecisionEffect | Tripwire] = [*(one.row for one in planned), *wires]
    for row in rows:
        row.decision = decision
    placed = _placement(decision)
    event = history.record(decision, taken, by=by, at=at, rows=rows, cause=cause, placed=placed)
    for wire in wires:
        tripwire.put_due(wire)
    outcome.plan(decision, at=at)
    return event


def _follow(
    decision: Decision,
    actions: Sequence[Mapping[str, Any]],
    planned: Sequence[effect.PlannedEffect],
    replaces: Decision | None,
    *,
    by: Actor,
    at: datetime,
    cause: Event,
) -> None:
    """Create the actions of a decision, apply its effects, and replace the earlier one."""
    _add_actions(decision, actions, by=by, at=at, cause=cause)
    effect.apply(planned, decision, by=by, at=at, cause=cause)
    if replaces:
        replace(replaces, with_=decision, by=by, at=at, cause=cause)


@transaction.atomic
def replace(
    decision: Decision,
    *,
    with_: Decision,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Decision:
    """Replace a decision with a later one. What it changed stays, unless the later one changes it again.

    Raises Refused(field="with_"), IllegalMove, ChangedMeanwhile.
    """
    if decision.acceptance is not None and _is_accepted(decision.acceptance):
        raise Refused(
            "This acceptance ends when its risk is reopened. Reopen the risk, or record a decision that ends "
            "the acceptance.",
            field="with_",
        )
    if with_.pk == decision.pk:
        raise Refused("A decision cannot replace itself. Record the new one first.", field="with_")
    if with_.state != DecisionState.IN_FORCE:
        raise Refused("The replacing decision must be in force.", field="with_")
    history.move(
        decision,
        DecisionState.REPLACED,
        by=by,
        at=at,
        seen=seen,
        values={"replaced_by": with_},
        payload=events.DecisionReplaced(by=with_.subject_id),
        cause=cause,
    )
    waiting = AgendaItem.objects.filter(
        about=decision.subject_id, state=ItemState.WAITING, meeting__state__in=TO_COME
    )
    for item in waiting.select_related("meeting"):
        values = {
            "outcome": ItemOutcome.NO_CHANGE,
            "why": f"Replaced by {with_.reference} before the meeting",
        }
        history.move(item, ItemState.DONE, by=by, at=at, values=values, cause=cause)
    return decision


def _is_accepted(acceptance: Acceptance) -> bool:
    """Return whether an acceptance is in force at this moment, also if it was loaded before."""
    return Acceptance.objects.filter(pk=acceptance.pk, state=AcceptanceState.ACCEPTED).exists()


def _placement(decision: Decision) -> Placement:
    """Return who may see a new decision: the readers of its subject, and its recorder."""
    person = decision.recorded_by
    grants = [NewGrant(person.subject_id, GrantReason.RECORDER)] if person else []
    return Placement(parent=decision.about, grants=grants)


def _check(
    text: str, reason: str, actions: Sequence[Mapping[str, Any]], *, is_answered: bool, is_strict: bool
) -> None:
    if not text.strip():
        raise Refused("Enter what was decided.", field="text")
    if is_strict and not reason.strip():
        raise Refused("Enter the reason.", field="reason")
    if is_strict and not is_answered:
        raise Refused("Add at least one action, or enter why none is needed.", field="no_action_reason")
    for position, fields in enumerate(actions):
        if unknown := set(fields) - _ACTION_FIELDS:
            raise ValueError(f"Unknown fields of an action: {', '.join(sorted(unknown))}.")
        if not str(fields.get("title", "")).strip():
            raise Refused("Enter what needs doing.", field=f"actions[{position}].title")


def _locked(meeting: Meeting, *, is_before: bool) -> Meeting:
    """Return the current row of the meeting, locked so that nobody starts or closes it.

    Raises Refused if it is not live; with is_before, if it is not planned.
    """
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("subject").get(pk=meeting.pk)
    items.refuse_when_over(meeting)
    if is_before and meeting.state != MeetingState.PLANNED:
        raise Refused("The meeting has started.", field="meeting")
    if not is_before and meeting.state != MeetingState.LIVE:
        raise Refused(
            "The meeting has not started. Start it first, or record the decision outside the meeting.",
            field="meeting",
        )
    return meeting


def _review(about: Subject | None, settles: str) -> Review | None:
    """Return the open review that the decision settles, locked; None if it settles none."""
    if not settles:
        return None
    if settles not in Outcome.values:
        raise Refused(f"Use one of these outcomes: {', '.join(Outcome.values)}.", field="settles")
    review = Review.objects.select_for_update(of=("self",)).filter(subject=about).first() if about else None
    if review is None:
        raise Refused("Only a decision about a review request can settle one.", field="settles")
    if review.state != ReviewState.OPEN:
        raise Refused(
            "This review is already settled. Record the decision without settling it.", field="settles"
        )
    return review


def _add_actions(
    decision: Decision, actions: Sequence[Mapping[str, Any]], *, by: Actor, at: datetime, cause: Event
) -> None:
    if not actions:
        return
    _check_dates(actions, at)
    try:
        action.add_many(actions, about=decision.about, origin=decision.subject, by=by, at=at, cause=cause)
    except Refused as refusal:
        raise Refused(refusal.message, field=f"actions{refusal.field}") from None


def _check_dates(actions: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Raise Refused(field="actions[<position>].due_on") for a due date that is over."""
    for position, fields in enumerate(actions):
        try:
            action.check_due_on(fields.get("due_on"), at=at)
        except Refused as refusal:
            raise Refused(refusal.message, field=f"actions[{position}].{refusal.field}") from None
