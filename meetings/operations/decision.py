"""Record decisions, in a meeting or outside, with actions or a reason for none; replace them later."""

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
from meetings.models import AgendaItem, Decision, Meeting
from meetings.operations import item as items
from meetings.states import DecisionState, MeetingState
from people.models import User
from risklog.models import Review
from risklog.operations import review as reviews
from risklog.states import Outcome, ReviewState

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
    actions: Sequence[Mapping[str, Any]] = (),
    no_action_reason: str = "",
    settles: str = "",
    may_be_incomplete: bool = False,
    cause: Event | None = None,
) -> Decision:
    """Record a decision, create its actions and settle its review, in one transaction.

    item: the agenda item of the decision. It gives meeting and subject. Whoever controls the meeting finishes
    it. may_be_incomplete: in a meeting, reason and action may follow (see completion).
    actions: each a mapping of title, owner, due_on, type, effort, details. settles: an Outcome if the subject
    is an open review. Its recorder may see it, and who may see its subject. Raises Refused, IllegalMove.
    """
    if item:
        meeting, about = item.meeting, about or item.about
    may_be_incomplete = may_be_incomplete and meeting is not None and not settles
    _check(text, reason, actions, no_action_reason, is_strict=not may_be_incomplete)
    meeting = _live(meeting) if meeting is not None else None
    review = _review(about, settles)
    decision = Decision(
        text=text.strip(),
        reason=reason.strip(),
        about=about,
        meeting=meeting,
        item=item,
        no_action_reason=no_action_reason.strip(),
        is_incomplete=not (reason.strip() and (actions or no_action_reason.strip())),
        recorded_by=by.person if isinstance(by.person, User) else None,
        decided_at=at,
    )
    payload = events.DecisionTaken(actions=len(actions), settles=str(settles))
    event = history.record(decision, payload, by=by, at=at, cause=cause, placed=_placement(decision))
    _add_actions(decision, actions, by=by, at=at, cause=event)
    if review:
        reviews.settle(review, outcome=settles, reason=reason.strip(), by=by, at=at, cause=event)
    return decision


@transaction.atomic
def replace(
    decision: Decision, *, with_: Decision, by: Actor, at: datetime, seen: int | None = None
) -> Decision:
    """Replace a decision with a later one.

    Raises Refused(field="with_"), IllegalMove, ChangedMeanwhile.
    """
    if decision.acceptance_id is not None:
        raise Refused("This acceptance ends when its risk is reopened. Reopen the risk.", field="with_")
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
    )
    return decision


def _placement(decision: Decision) -> Placement:
    """Return who may see a new decision: the readers of its subject, and its recorder."""
    person = decision.recorded_by
    grants = [NewGrant(person.subject_id, GrantReason.RECORDER)] if person else []
    return Placement(parent=decision.about, grants=grants)


def _check(
    text: str,
    reason: str,
    actions: Sequence[Mapping[str, Any]],
    no_action_reason: str,
    *,
    is_strict: bool,
) -> None:
    if not text.strip():
        raise Refused("Enter what was decided.", field="text")
    if is_strict and not reason.strip():
        raise Refused("Enter the reason.", field="reason")
    if is_strict and not actions and not no_action_reason.strip():
        raise Refused("Add at least one action, or enter why none is needed.", field="no_action_reason")
    for position, fields in enumerate(actions):
        if unknown := set(fields) - _ACTION_FIELDS:
            raise ValueError(f"Unknown fields of an action: {', '.join(sorted(unknown))}.")
        if not str(fields.get("title", "")).strip():
            raise Refused("Enter what needs doing.", field=f"actions[{position}].title")


def _live(meeting: Meeting) -> Meeting:
    """Return the current row of the meeting, locked so that nobody closes it. Raises Refused if not live."""
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("subject").get(pk=meeting.pk)
    items.refuse_when_over(meeting)
    if meeting.state != MeetingState.LIVE:
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
    try:
        action.add_many(actions, about=decision.about, origin=decision.subject, by=by, at=at, cause=cause)
    except Refused as refusal:
        raise Refused(refusal.message, field=f"actions{refusal.field}") from None
