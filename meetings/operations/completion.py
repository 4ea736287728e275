"""What was recorded on an item, and decisions that still lack their reason or their action."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from actions.models import Action
from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from meetings.models import AgendaItem, Decision, Meeting
from meetings.states import DecisionState, ItemOutcome


def latest_of(item: AgendaItem) -> Decision | None:
    """Return the decision to which an action belongs that is agreed on this item now; None without one."""
    return (
        item.decisions.filter(state=DecisionState.IN_FORCE).select_related("subject").order_by("-id").first()
    )


def outcome_of(item: AgendaItem) -> ItemOutcome:
    """Return the outcome that follows from what was recorded on an item."""
    if item.decisions.exists():
        return ItemOutcome.DECIDED
    return ItemOutcome.ACTIONS if item.has_actions else ItemOutcome.NO_CHANGE


@transaction.atomic
def complete(
    decision: Decision,
    *,
    reason: str = "",
    no_action_reason: str = "",
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Decision:
    """Add the reason of an incomplete decision, or why it needs no action. What is not given stays.

    Raises Refused(field="state" or "reason"), ChangedMeanwhile.
    """
    if decision.meeting_id is not None:  # so that nobody ends the meeting meanwhile
        Meeting.objects.select_for_update(of=("self",)).get(pk=decision.meeting_id)
    if not decision.is_incomplete:
        raise Refused(
            "This decision is complete. Record another decision and replace this one.", field="state"
        )
    given = {"reason": reason.strip(), "no_action_reason": no_action_reason.strip()}
    if not any(given.values()):
        raise Refused("Enter the reason, or why no action is needed.", field="reason")
    _change(decision, {name: text for name, text in given.items() if text}, by=by, at=at, seen=seen)
    return decision


def note_action(decision: Decision, *, by: Actor, at: datetime) -> None:
    """Complete a decision that has its reason and now has an action."""
    if decision.is_incomplete:
        _change(decision, {}, by=by, at=at)


def incomplete(meeting: Meeting) -> list[Decision]:
    """Return the decisions of a meeting that lack something, the first one first."""
    rows = Decision.objects.filter(meeting=meeting, is_incomplete=True, state=DecisionState.IN_FORCE)
    return list(rows.select_related("subject", "meeting").order_by("id"))


def complete_or_refuse(
    meeting: Meeting, missing: Sequence[Mapping[str, Any]], *, by: Actor, at: datetime
) -> None:
    """Add what the decisions of a meeting lack, then refuse if one still lacks something.

    missing: mappings of decision, reason and no_action_reason. Raises Refused(field="decisions").
    """
    for given in missing:
        decision = given["decision"]
        if decision.meeting_id != meeting.pk:
            text = f"{decision.reference} is not a decision of {meeting.reference}."
            raise Refused(text, field="decisions")
        texts = {name: given.get(name, "") for name in ("reason", "no_action_reason")}
        if any(text.strip() for text in texts.values()):
            complete(decision, **texts, by=by, at=at)
    left = incomplete(meeting)
    if not left:
        return
    seen = [one for one in left if by.person is None or one.subject.is_visible_to(by.person)]
    if not seen:
        text = "A decision on a restricted item is incomplete. Ask somebody who can see it to complete it."
        raise Refused(text, field="decisions")
    lacks = "; ".join(f"{one.reference} needs {' and '.join(lacking(one))}" for one in seen)
    raise Refused(f"{lacks}. Add what is missing, then end the meeting.", field="decisions")


def lacking(decision: Decision) -> list[str]:
    """Return what a decision lacks, in words."""
    lacks = [] if decision.reason else ["a reason"]
    if not decision.no_action_reason and not _has_action(decision):
        lacks.append("an action or why none is needed")
    return lacks


def _change(
    decision: Decision, values: Mapping[str, str], *, by: Actor, at: datetime, seen: int | None = None
) -> None:
    reason = values.get("reason", decision.reason)
    is_answered = values.get("no_action_reason", decision.no_action_reason) or _has_action(decision)
    changes = {**values, "is_incomplete": not (reason and is_answered)}
    history.change(decision, changes, by=by, at=at, seen=seen, verb="meetings.decision_completed")


def _has_action(decision: Decision) -> bool:
    """Return whether an action or an effect follows from a decision."""
    return decision.effects.exists() or Action.objects.filter(origin=decision.subject_id).exists()
