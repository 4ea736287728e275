"""The learnings about a subject, as other pages show them."""

import pytest
from django.template.loader import render_to_string

from catalogue.models import Model
from history import operations as history
from kit.actor import SYSTEM
from learnings.queries import learning as queries
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


def test_the_panel_tells_drafts_from_what_is_published():
    ana, about = people.user("Ana"), actions.action().subject
    learnings.published("Taught", about=about)
    learnings.draft("Drafted", about=about)

    page = render_to_string(
        "learnings/_panel_learnings.html", {"panel": queries.of_subjects(ana, [about.pk]), "object": about}
    )

    assert "Taught" in page
    assert "Draft without an author" in page


def test_learnings_of_a_model_and_of_a_risk_take_in_their_reviews(at):
    ana = people.user()
    model = Model(slug="credit-pd", name="Credit PD")
    history.record(model, "catalogue.model_registered", by=SYSTEM, at=at)
    review = Review(about=model.subject, title="Drift", kind="drift", model=model, opened_at=at, due_at=at)
    history.record(review, "risklog.review_opened", by=SYSTEM, at=at)
    found = learnings.published(about=review.subject)

    assert list(queries.of_model(ana, model).rows) == [found]
    assert list(queries.of_review(ana, review).rows) == [found]
