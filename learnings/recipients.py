"""Whom an event about a learning concerns."""

from history.models import Event
from history.recipients import everyone
from learnings.models import Learning
from risklog.models import Reviewer


def reviewers_of_source(event: Event) -> dict[int, str]:
    """Return who answered the review that a draft came from, while the draft has no author."""
    draft = Learning.objects.filter(subject_id=event.subject_id).first()
    if draft is None or draft.author_id or draft.about_id is None:
        return {}
    rows = Reviewer.objects.filter(review__subject_id=draft.about_id, answered_at__isnull=False)
    return everyone(
        rows.values_list("user_id", flat=True), "You reviewed this breach: the draft needs an author"
    )
