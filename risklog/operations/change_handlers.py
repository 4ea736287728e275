"""What the events of change requests do to reviews, and settled reviews to change requests."""

from datetime import datetime

from catalogue.models import ChangeRequest
from catalogue.operations import change_request as change_operations
from catalogue.states import ChangeRoute, ChangeState
from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM
from risklog.models import Review
from risklog.operations import reviewer
from risklog.operations.review import open_for, withdraw
from risklog.states import ReviewState
from signals.states import SignalKind


@handler("risklog.review.open_for_change_request")
@history.in_one_transaction
def on_change_request_opened(event: Event, *, at: datetime) -> None:
    """Open a review of a change request of the full route. Handles catalogue.change_request_opened."""
    rows = ChangeRequest.objects.select_related("subject", "model__owner_team__lead")
    change = rows.filter(subject=event.subject_id).first()
    if change is None or not change.waits_for_review:
        return
    open_for(
        about=change.subject,
        title=f"Review of {change.reference}: {change.title}"[:300],
        kind=SignalKind.DEPLOYMENT,
        model=change.model,
        why="A change of a model of this tier needs a full review.",
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("risklog.review.withdraw_for_change_request")
@history.in_one_transaction
def on_change_request_settled(event: Event, *, at: datetime) -> None:
    """Withdraw the open review of a change request that is declined or withdrawn."""
    change = ChangeRequest.objects.filter(subject=event.subject_id).first()
    if change is None or change.state not in (ChangeState.DECLINED, ChangeState.WITHDRAWN):
        return
    review = reviewer.lock_open_about(event.subject_id)
    if review:
        reason = f"The change request is {change.get_state_display().lower()}."
        withdraw(review, reason=reason, by=SYSTEM, at=at, cause=event)


@handler("risklog.review.note_change_review_withdrawn")
@history.in_one_transaction
def on_review_withdrawn(event: Event, *, at: datetime) -> None:
    """Tell that a change request is left without a review. Handles risklog.review_withdrawn."""
    review = Review.objects.filter(subject=event.subject_id).first()
    if review is None or review.state != ReviewState.WITHDRAWN:
        return
    change = ChangeRequest.objects.select_related("subject").filter(subject=review.about_id).first()
    if change and reviewer.lock_open_about(review.about_id) is None:
        change_operations.note_review_withdrawn(change, by=SYSTEM, at=at, cause=event)


@handler("risklog.review.note_change_reviewed")
@history.in_one_transaction
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Let a change request be signed off after its review. Handles risklog.review_settled."""
    review = Review.objects.filter(subject=event.subject_id).first()
    if review is None or review.state == ReviewState.OPEN:
        return
    rows = ChangeRequest.objects.select_related("subject")
    change = rows.filter(subject=review.about_id, route=ChangeRoute.FULL).first()
    if change:
        change_operations.note_reviewed(change, by=SYSTEM, at=at, cause=event)
