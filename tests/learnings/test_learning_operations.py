"""The operations of learnings, and the draft from a settled review."""

import pytest

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from learnings.models import Learning
from learnings.operations import drafting
from learnings.operations import learning as operations
from people.models import Team
from risklog.models import Review, Reviewer
from risklog.states import Outcome
from tests.factories import actions, learnings, people

pytestmark = pytest.mark.django_db


def settled_review(at, *, outcome=Outcome.CONFIRMED, viewers=None) -> tuple[Review, Event]:
    """An answered and settled review, and the event of that."""
    about: Team = people.team("Fraud")
    review = Review(
        about=about.subject, title="Score drift", why="PSI 0.31", kind="drift", opened_at=at, due_at=at
    )
    history.record(review, "risklog.review_opened", by=SYSTEM, at=at, viewers=viewers)
    answer = Reviewer(
        review=review,
        user=people.user(),
        function=people.function("data-science"),
        asked_at=at,
        answered_at=at,
        verdict=outcome,
        note="The upstream job was late.",
    )
    history.record(answer, "risklog.review_answered", by=SYSTEM, at=at)
    event = history.move(
        review,
        "settled",
        by=SYSTEM,
        at=at,
        values={"outcome": outcome, "outcome_reason": "Seen in two windows.", "settled_at": at},
    )
    return review, event


def test_a_settled_review_drafts_a_learning_from_what_it_knows(at):
    review, event = settled_review(at)
    actions.action("Recalibrate", about=review.subject)

    drafting.on_review_settled(event, at=at)
    drafting.on_review_settled(event, at=at)

    draft = Learning.objects.get()
    assert (draft.title, draft.state, draft.author) == ("Lessons from Fraud", "draft", None)
    assert "PSI 0.31" in draft.seen
    assert "Seen in two windows." in draft.seen
    assert "The upstream job was late. (Data science)" in draft.seen
    assert "Recalibrate" in draft.to_adjust
    assert draft.tags == ["drift"]
    assert Event.objects.get(verb="learnings.learning_drafted").cause == event


@pytest.mark.parametrize("outcome", [Outcome.POOR_EVIDENCE, Outcome.EXPERIMENT_NEEDED])
def test_a_review_without_an_outcome_drafts_no_learning(outcome, at):
    _, event = settled_review(at, outcome=outcome)

    drafting.on_review_settled(event, at=at)

    assert not Learning.objects.exists()


def test_a_review_reopened_meanwhile_drafts_nothing(at):
    review, event = settled_review(at)
    history.move(review, "open", by=SYSTEM, at=at)

    drafting.on_review_settled(event, at=at)

    assert not Learning.objects.exists()


def test_a_draft_is_as_restricted_as_its_review_and_names_no_action_more_restricted(at):
    team = people.team("Credit")
    review, event = settled_review(at, viewers=[team.subject_id])
    actions.action("Hidden", about=review.subject, viewers=[people.team().subject_id])

    drafting.on_review_settled(event, at=at)

    draft = Learning.objects.get()
    assert draft.subject.viewers == [team.subject_id]
    assert "Hidden" not in draft.to_adjust


def test_take_makes_somebody_the_author_once(at):
    ana, wei = people.user("Ana"), people.user("Wei")
    draft = learnings.draft()

    operations.take(draft, by=Actor(ana, "page"), at=at)

    assert draft.author == ana
    with pytest.raises(Refused) as refusal:
        operations.take(draft, by=Actor(wei, "page"), at=at)
    assert refusal.value.field == "author"


def test_change_makes_the_first_writer_the_author_and_cleans_tags(at):
    ana = people.user("Ana")
    draft = learnings.draft()

    operations.change(draft, {"title": "New", "tags": [" Drift ", "drift", ""]}, by=Actor(ana, "page"), at=at)

    draft.refresh_from_db()
    assert (draft.author, draft.tags, draft.subject.title) == (ana, ["drift"], "New")


def test_change_keeps_the_first_of_two_writers(at):
    draft = learnings.draft()
    operations.change(Learning.objects.get(), {"seen": "First"}, by=SYSTEM, at=at, seen=1)

    with pytest.raises(ChangedMeanwhile):
        operations.change(draft, {"seen": "Second"}, by=SYSTEM, at=at, seen=1)


def test_publish_needs_what_was_seen(at):
    draft = learnings.draft(seen="")

    with pytest.raises(Refused) as refusal:
        operations.publish(draft, by=SYSTEM, at=at)

    assert refusal.value.field == "seen"


def test_publish_and_withdraw(at):
    ana = people.user("Ana")
    draft = learnings.draft()

    operations.publish(draft, by=Actor(ana, "page"), at=at)
    assert (draft.state, draft.published_at, draft.author) == ("published", at, ana)
    operations.withdraw(draft, by=Actor(ana, "page"), at=at)

    assert (draft.state, draft.published_at) == ("draft", None)


def test_discard_and_restore(at):
    draft = learnings.draft()

    operations.discard(draft, by=SYSTEM, at=at, reason="Said before")
    with pytest.raises(IllegalMove):
        operations.change(draft, {"title": "No"}, by=SYSTEM, at=at)
    operations.restore(draft, by=SYSTEM, at=at)

    assert draft.state == "draft"


def test_one_draft_a_subject(at):
    about = people.team().subject
    first = learnings.discarded(about=about)
    learnings.draft(about=about)

    with pytest.raises(Refused):
        learnings.draft(about=about)
    with pytest.raises(Refused):
        operations.restore(first, by=SYSTEM, at=at)


def test_a_learning_has_the_visibility_of_its_risk(at):
    team, ana, stranger = people.team(), people.user("Ana"), people.user()
    risk = actions.action("Stands for a risk")
    taught = learnings.published(author=ana, about=risk.subject)

    history.restrict(risk.subject, [team.subject_id])

    assert not Learning.objects.visible_to(stranger).exists()
    assert Learning.objects.visible_to(ana).get() == taught
