"""What was learned about a subject, as other pages show it."""

import pytest

from history import operations as history
from kit.actor import SYSTEM
from learnings import queries
from risklog.models import Review
from tests.factories import actions, learnings, people

pytestmark = pytest.mark.django_db


def test_a_subject_s_learnings_leave_out_the_discarded_and_the_hidden():
    ana, about = people.user(), actions.action().subject
    shown = learnings.published(about=about)
    learnings.discarded(about=about)
    learnings.published(about=about, viewers=[people.team().subject_id])

    assert list(queries.of_subjects(ana, [about.pk]).rows) == [shown]
    assert queries.of_subjects(ana, []) is None


def test_a_settled_review_without_a_learning_offers_to_begin_one(at):
    ana = people.user()
    review = Review(about=people.team().subject, title="Drift", kind="drift", opened_at=at, due_at=at)
    history.record(review, "risklog.review_opened", by=SYSTEM, at=at)

    assert queries.of_review(ana, review) is None
    history.move(review, "settled", by=SYSTEM, at=at, values={"outcome": "confirmed"})
    assert queries.of_review(ana, review).new_for == review.reference
    found = learnings.draft(about=review.subject)
    assert list(queries.of_review(ana, review).rows) == [found]
