"""Create drafts from finished reviews."""

from dataclasses import asdict
from datetime import datetime

from history import operations as history
from history.models import Event, Subject
from history.operations import Placement
from history.wiring import handler
from incidents.models import Postmortem
from incidents.states import PostmortemState
from kit.actor import SYSTEM
from learnings import events
from learnings.models import Learning
from learnings.operations.origin import category_of, locked_origin_of
from learnings.queries import prefill
from risklog.models import Review
from risklog.states import Outcome, ReviewState
from talk.operations import tag

# Outcomes that a draft is made from. "Not enough evidence" and "experiment needed" have taught nothing yet.
DRAFTED_OUTCOMES = frozenset({Outcome.CONFIRMED, Outcome.FALSE_ALARM, Outcome.THRESHOLD_TO_CHANGE})


@handler("learnings.learning.draft_from_review")
@history.in_one_transaction
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Create a draft without author from a settled review, on risklog.review_settled.

    Does nothing if the review was reopened meanwhile or a learning about it exists.
    """
    review = (
        Review.objects.select_related("subject")
        .filter(subject_id=event.subject_id, state=ReviewState.SETTLED, outcome__in=DRAFTED_OUTCOMES)
        .first()
    )
    if review is not None:
        _draft(review.subject, events.LearningDrafted(review=review.reference), at=at, cause=event)


@handler("learnings.learning.draft_from_postmortem")
@history.in_one_transaction
def on_postmortem_finished(event: Event, *, at: datetime) -> None:
    """Create a draft without author about an incident, on incidents.postmortem_finished.

    Does nothing if the review was reopened meanwhile or a learning about the incident exists.
    """
    finished = Postmortem.objects.filter(subject_id=event.subject_id, state=PostmortemState.DONE)
    postmortem = finished.select_related("incident__subject").first()
    if postmortem is not None:
        about = postmortem.incident.subject
        _draft(about, events.LearningDrafted(review=about.reference), at=at, cause=event)


def _draft(about: Subject, drafted: events.LearningDrafted, *, at: datetime, cause: Event) -> None:
    if Learning.objects.filter(about=about).exists():
        return
    texts, origin = asdict(prefill.known_of(about)), locked_origin_of(about)
    texts["tags"] = tag.admit_prefilled(texts["tags"])
    applies_to = {"model": origin.model, "category": origin.category, **category_of(origin, origin.category)}
    draft = Learning(about=about, made_at=at, **applies_to, **texts)
    history.record(draft, drafted, by=SYSTEM, at=at, cause=cause, placed=Placement(parent=about))
