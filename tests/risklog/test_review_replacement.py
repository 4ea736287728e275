"""Reviewers who hand over their part, and reviewers who are replaced because they can no longer answer."""

from datetime import timedelta

import pytest

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from notices.models import Entry
from people.operations import person as persons
from people.states import Role
from risklog.models import Review, Reviewer
from risklog.operations import replacement, reviewer
from risklog.states import Outcome
from tests.factories import people
from tests.factories import risklog_review as make
from tests.risklog.test_availability import becomes_viewer, leaves, settle

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def two(at):
    """A review of two: (review, the reviewer for data science, the one for risk management)."""
    people.user("Adam Admin", role=Role.ADMINISTRATOR)
    scientist, manager = make.reviewer("data-science"), make.reviewer("risk-management")
    return make.review(), scientist, manager


def current(review):
    rows = Reviewer.objects.unanswered().filter(review=review).order_by("id")
    return [row.user for row in rows.select_related("user")]


@pytest.mark.parametrize("can_no_longer_answer", [leaves, becomes_viewer])
def test_a_reviewer_who_can_no_longer_answer_is_replaced_by_one_of_the_same_function(
    at, two, can_no_longer_answer
):
    review, scientist, manager = two
    other = make.reviewer("data-science")

    can_no_longer_answer(scientist, at)
    settle(at), settle(at)

    assert current(review) == [manager, other]
    new = review.reviewers.get(user=other)
    assert new.function.slug == "data-science"
    assert new.why == f"In place of {scientist.name}, who cannot answer"
    assert review.subject.is_visible_to(other)
    event = Event.objects.get(subject=review.subject, verb="risklog.review_reassigned")
    assert (event.data["asked"], event.data["replaced"]) == ([other.pk], [scientist.pk])


def test_another_function_is_asked_if_the_own_one_has_nobody(at, two):
    review, scientist, manager = two
    engineer = make.reviewer("engineering")

    leaves(scientist, at)
    settle(at)

    assert current(review) == [manager, engineer]


def test_who_is_away_until_after_the_due_time_is_replaced_and_who_returns_earlier_is_not(at, two):
    review, scientist, manager = two
    other = make.reviewer("data-science")

    persons.be_away(manager, from_on=at.date(), until_on=at.date(), by=SYSTEM, at=at)
    persons.be_away(scientist, from_on=at.date(), until_on=(review.due_at + DAY).date(), by=SYSTEM, at=at)
    settle(at)

    assert current(review) == [manager, other]


def test_the_lead_hands_over_the_lead_and_the_request(client, at, two):
    review, scientist, manager = two
    reviewer.claim(review, by=make.actor(scientist), at=at)
    other = make.reviewer("data-science")
    client.force_login(scientist)
    address = f"/risks/reviews/{review.reference}/"
    assert "Hand over your part" in client.get(address).content.decode()

    sent = {"user": other.pk, "note": "On leave soon", "version": Review.objects.get().version}
    answer = client.post(f"{address}hand-over/", sent)

    assert answer.status_code == 303
    assert Review.objects.get().claimed_by == other
    assert current(review) == [manager, other]
    shown = client.get(address).content.decode()
    assert f"{other.name} was asked instead" in shown
    assert "On leave soon" in shown
    with pytest.raises(Refused, match="Only reviewers can answer"):
        reviewer.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(scientist), at=at)


def test_handing_back_asks_the_same_person_again(at, two):
    review, scientist, manager = two
    other = make.reviewer("data-science")
    replacement.hand_over(review, other, by=make.actor(scientist), at=at)

    replacement.hand_over(review, scientist, by=make.actor(other), at=at)

    assert set(current(review)) == {scientist, manager}
    again = review.reviewers.get(user=scientist)
    assert (again.why, again.replaced_by) == ("Took over from a colleague", None)


def test_a_reviewer_without_a_function_is_replaced_too(at, two):
    review, scientist, manager = two
    guest = people.user("Guest")
    reviewer.ask(review, guest, by=make.actor(scientist), at=at)

    leaves(guest, at)
    settle(at)

    names = [person.name for person in current(review)]
    assert names == [scientist.name, manager.name, "Adam Admin"]


def test_a_lead_who_hands_over_to_a_reviewer_keeps_the_own_request(at, two):
    review, scientist, manager = two
    reviewer.claim(review, by=make.actor(scientist), at=at)

    replacement.hand_over(review, manager, by=make.actor(scientist), at=at)

    assert Review.objects.get().claimed_by == manager
    assert current(review) == [scientist, manager]
    assert Event.objects.get(verb="risklog.review_reassigned").data["replaced"] == []


def test_a_request_is_not_handed_to_who_has_one_or_by_who_has_none(at, two):
    review, scientist, manager = two
    with pytest.raises(Refused, match="already a reviewer"):
        replacement.hand_over(review, manager, by=make.actor(scientist), at=at)
    with pytest.raises(Refused, match="neither the lead nor an open request"):
        replacement.hand_over(review, people.user(), by=make.actor(people.user()), at=at)


def test_a_stand_in_is_told_for_whom_they_act(at, two):
    review, scientist, _ = two
    stand_in, absent = make.reviewer("engineering"), make.reviewer("product")
    make.away(absent, stand_in=stand_in)

    reviewer.ask(review, absent, by=make.actor(scientist), at=at)
    settle(at)

    reasons = [entry.why for entry in Entry.objects.filter(user=stand_in)]
    assert f"Your review is requested as the stand-in for {absent.name}, who is away" in reasons


def test_a_verdict_needs_its_evidence_unless_it_confirms(client, at, two):
    review, scientist, _ = two
    with pytest.raises(Refused, match="Enter the evidence"):
        reviewer.answer(review, verdict=Outcome.FALSE_ALARM, note=" ", by=make.actor(scientist), at=at)
    client.force_login(scientist)

    page = client.post(f"/risks/reviews/{review.reference}/answer/", {"verdict": "false_alarm"})

    assert page.status_code == 422
    assert "Enter the evidence for this verdict." in page.content.decode()


def test_the_answer_is_asked_above_the_evidence_until_it_is_given(client, at, two):
    review, scientist, _ = two
    client.force_login(scientist)
    page = client.get(f"/risks/reviews/{review.reference}/").content.decode()
    assert page.index("answer-heading") < page.index("reviewers-heading")

    reviewer.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(scientist), at=at)

    page = client.get(f"/risks/reviews/{review.reference}/").content.decode()
    assert page.index("answer-heading") > page.index("reviewers-heading")


def test_reviews_are_requested_and_their_steps_taken_by_api(client, two):
    review, scientist, manager = two
    other = make.reviewer("data-science")
    client.force_login(scientist)
    url = "/api/v1/review-requests"

    def post(path, body, **headers):
        return client.post(f"{url}{path}", body, content_type="application/json", headers=headers)

    about = {"kind": "model", "id": make.model(developer=scientist).pk}
    made = post("", {"about": about, "kind": "drift", "why": "Odd scores"}, **{"Idempotency-Key": "k1"})
    assert made.status_code == 201
    one = f"/{review.reference}"
    assert post(f"{one}/claim", {}).status_code == 428
    claimed = post(f"{one}/claim", {}, **{"If-Match": client.get(url + one)["ETag"]})
    assert claimed.json()["claimed_by_id"] == scientist.pk
    handed = post(f"{one}/hand-over", {"user": other.email}, **{"If-Match": claimed["ETag"]})
    assert handed.json()["claimed_by_id"] == other.pk
    replaced_by = {row["user_id"]: row["replaced_by_id"] for row in handed.json()["reviewers"]}
    assert replaced_by == {scientist.pk: other.pk, manager.pk: None, other.pk: None}
    assert post(f"{one}/withdraw", {"reason": "x"}, **{"If-Match": handed["ETag"]}).status_code == 403
    wrong = post(f"{one}/ask", {"user": 999999})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "user")
