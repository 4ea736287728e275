"""What a settled review says about the threshold that opened its breach."""

from datetime import datetime

from history import operations as history
from history.models import Event
from history.wiring import handler
from risklog.models import Review
from signals.operations import noise


@handler("risklog.review.note_noisy_threshold")
@history.in_one_transaction
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Note the thresholds of the reviewed breach that are noisy. Handles risklog.review_settled."""
    review = Review.objects.select_related("about").filter(subject=event.subject_id).first()
    if review is not None and review.about.kind == "breach":
        noise.note_noisy(review.about_id, at=at, cause=event)
