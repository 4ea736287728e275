"""The answer of a sponsor to an action that was raised to them because it was blocked for long."""

from datetime import datetime

from django.db import transaction

from actions.models import Action
from actions.operations import action as actions
from actions.states import ActionState
from history import operations as history
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from leaders import events
from leaders.states import SponsorAnswer
from talk.operations import comment as comments

_TEXT_NEEDED = {
    SponsorAnswer.STAYS: "Enter why it stays blocked, and until when.",
    SponsorAnswer.DROPPED: "Enter why it is no longer needed.",
}


@transaction.atomic
def give(
    action: Action, *, answer: str, text: str = "", by: Actor, at: datetime, seen: int | None = None
) -> Action:
    """Answer a raised action: it goes on, stays blocked for now, or is dropped. The text becomes a comment.

    After that it no longer waits for the sponsor. Raises Refused(field="text"), IllegalMove for an action
    that is not raised any more, ChangedMeanwhile.
    """
    if action.state != ActionState.BLOCKED or action.raised_at is None:
        raise IllegalMove("This action is no longer blocked, so there is nothing to answer.", field="answer")
    if not text.strip() and answer in _TEXT_NEEDED:
        raise Refused(_TEXT_NEEDED[SponsorAnswer(answer)], field="text")
    if text.strip():
        comments.add(about=action.subject, text=text, by=by, at=at)
    if answer == SponsorAnswer.GOES_ON:
        return actions.start(action, by=by, at=at, seen=seen)
    if answer == SponsorAnswer.DROPPED:
        return actions.drop(action, reason=text, by=by, at=at, seen=seen)
    history.change(action, {}, by=by, at=at, seen=seen, payload=events.BlockKept(text=text.strip()))
    return action
