"""Whether a mail is still wanted, asked right before it is begun; the row it hangs on is locked meanwhile.

The lock makes "closed" and "begun" take turns: no mail begins after its subject was closed.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from actions.models import Action
from history.models import Subject
from meetings.models import Meeting
from meetings.states import MeetingState
from notices.models import Message
from risklog.models import Escalation, Review, Reviewer, Risk
from risklog.states import EscalationState, ReviewState, RiskState


def why_not(message: Message, *, at: datetime) -> str:
    """Why it is not to be sent any more, "" when it is. To be called in a transaction. message: with user."""
    user = message.user
    if not user.is_active:
        return f"{user} is deactivated."
    if user.is_mail_refused:
        return "The mail server of the recipient refused this address."
    if message.digest_id:
        return "" if user.is_digest_wanted else "The recipient unsubscribed from the digest."
    if message.subject_id and not Subject.objects.visible_to(user).filter(pk=message.subject_id).exists():
        return "The recipient may no longer see the subject of this mail."
    still = _STILL.get(message.verb)
    return still(message, at) if still else ""


def _locked(row: Any, message: Message) -> Any:
    return row.objects.select_for_update(of=("self",)).get(subject_id=message.subject_id)


def _review(message: Message, at: datetime) -> str:
    review = _locked(Review, message)
    if review.state != ReviewState.OPEN:
        return "The review is closed."
    mine = Reviewer.objects.filter(review=review, user=message.user)
    return "The recipient has answered." if mine.filter(answered_at__isnull=False).exists() else ""


def _escalation(message: Message, at: datetime) -> str:
    found = _locked(Escalation, message)
    return "The escalation is resolved." if found.state == EscalationState.RESOLVED else ""


def _action(message: Message, at: datetime) -> str:
    found = _locked(Action, message)
    if not found.is_unfinished:
        return "The action is finished."
    return "" if found.owner_id == message.user_id else "The action is assigned to somebody else."


def _turn(message: Message, at: datetime) -> str:
    found = _locked(Meeting, message)
    if found.state != MeetingState.PLANNED or found.starts_at <= at:
        return "The meeting has started or is cancelled."
    return (
        ""
        if message.user_id in (found.facilitator_id, found.stand_in_id)
        else "Somebody else facilitates the meeting."
    )


def _agenda(message: Message, at: datetime) -> str:
    found = _locked(Meeting, message)
    is_to_come = found.state == MeetingState.PLANNED and found.starts_at > at
    return "" if is_to_come else "The meeting has started or is cancelled."


def _ending(message: Message, at: datetime) -> str:
    found = _locked(Risk, message)
    return "" if found.state == RiskState.ACCEPTED else "The risk is no longer accepted."


_STILL: dict[str, Callable[[Message, datetime], str]] = {
    "risklog.review_opened": _review,
    "risklog.review_asked": _review,
    "risklog.review_reminded": _review,
    "risklog.review_pressed": _review,
    "risklog.escalation_climbed": _escalation,
    "risklog.escalation_lapsed": _escalation,
    "risklog.escalation_resumed": _escalation,
    "risklog.escalation_stepped_down": _escalation,
    "risklog.escalation_handed_over": _escalation,
    "risklog.risk_acceptance_ending": _ending,
    "actions.action_opened": _action,
    "actions.action_assigned": _action,
    "actions.action_reminded": _action,
    "meetings.turn_near": _turn,
    "meetings.agenda_published": _agenda,
}
