"""The pages of reviews: their content for each reader, and their forms."""

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM
from people.states import Role
from risklog.models import Review
from risklog.operations import review as reviews
from risklog.operations import reviewer
from risklog.queries import escalation as escalation_queries
from risklog.queries import review as queries
from risklog.states import Outcome, ReviewState
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
LIST = "/risks/reviews/"


@pytest.fixture
def team():
    return people.team("Fraud")


@pytest.fixture
def asked(team):
    make.reviewer("risk-management")
    return make.reviewer("data-science", teams=[team], name="Ana Moreau")


def page(review):
    return f"{LIST}{review.reference}/"


def post(client, review, step, **data):
    data.setdefault("version", review.version)
    return client.post(f"{page(review)}{step}/", data)


def test_the_list_shows_what_waits_for_me_first(client, asked, team):
    make.review(of_model=make.model(owner_team=team), title="Drift of the score")
    client.force_login(asked)

    text = client.get(LIST).content.decode()

    assert "Waiting for me" in text
    assert "Drift of the score" in text


@pytest.mark.parametrize("tab", ["mine", "open", "settled"])
def test_an_empty_list_says_what_comes_there(client, asked, tab):
    client.force_login(asked)

    assert 'class="empty"' in client.get(f"{LIST}?show={tab}").content.decode()


@pytest.mark.parametrize("tab", ["mine", "open", "settled"])
def test_the_list_costs_the_same_for_one_and_for_three(client, asked, at, tab, django_assert_max_num_queries):
    model = make.model()

    def add():
        review = make.review(of_model=model)
        if tab == "settled":
            reviews.settle(review, outcome=Outcome.CONFIRMED, reason="x", by=SYSTEM, at=at)

    client.force_login(asked)
    add()
    one = _count(client, f"{LIST}?show={tab}", django_assert_max_num_queries)
    add(), add()

    assert _count(client, f"{LIST}?show={tab}", django_assert_max_num_queries) == one


def _count(client, url, limit):
    with limit(60) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_the_page_shows_evidence_people_and_what_is_missing(client, asked, team):
    group = make.breach_group(of_model=make.model(owner_team=team))
    review = make.review(about=group.subject, of_model=group.model)
    client.force_login(asked)

    text = client.get(page(review)).content.decode()

    assert "psi 0.31 above 0.25 for 3 points" in text
    assert "For data science, from the owner team" in text
    assert "no threshold is agreed in Riskhub" in text
    assert "requested this review" in text
    assert f'action="{page(review)}answer/"' in text
    assert f'action="{page(review)}settle/"' in text


def test_the_page_costs_the_same_for_one_reviewer_and_for_three(
    client, asked, team, at, django_assert_max_num_queries
):
    review = make.review(of_model=make.model(owner_team=team))
    client.force_login(asked)
    one = _count(client, page(review), django_assert_max_num_queries)
    for _ in range(3):
        reviewer.ask(review, people.user(), by=SYSTEM, at=at)

    assert _count(client, page(review), django_assert_max_num_queries) == one


def test_a_stranger_s_review_is_not_there(client, team):
    group = make.breach_group(viewers=[team.subject_id])
    review = make.review(about=group.subject)
    client.force_login(people.user())

    assert client.get(page(review)).status_code == 404
    assert post(client, review, "claim").status_code == 404
    assert review.title not in client.get(f"{LIST}?show=open").content.decode()


def test_answering_leads_back_with_the_verdict(client, asked):
    review = make.review()
    client.force_login(asked)

    answer = post(client, review, "answer", verdict="confirmed", note="Seen in raw data")

    assert (answer.status_code, answer["Location"]) == (303, page(review))
    assert "Seen in raw data" in client.get(page(review)).content.decode()
    event = Event.objects.get(verb="risklog.review_answered")
    assert (event.actor_id, event.via) == (asked.subject_id, "page")


def test_an_answer_without_a_verdict_is_shown_again(client, asked):
    client.force_login(asked)

    answer = post(client, make.review(), "answer", note="Seen")

    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()


@pytest.mark.parametrize(
    ("who", "step", "status"),
    [
        ("asked", "answer", 303),
        ("member", "answer", 403),
        ("viewer", "claim", 403),
        ("member", "claim", 303),
        ("member", "settle", 403),
        ("asked", "settle", 303),  # of the team that owns the model
        ("risk_manager", "settle", 303),
        ("risk_manager", "withdraw", 303),
        ("member", "withdraw", 403),
    ],
)
def test_who_may_do_what(client, asked, who, step, status):
    team = people.Team.objects.get()
    review = make.review(of_model=make.model(owner_team=team))
    client.force_login(asked if who == "asked" else people.user(role=Role(who)))
    data = {"verdict": "confirmed", "outcome": "confirmed", "reason": "Seen"}

    assert post(client, review, step, **data).status_code == status


def test_settling_what_changed_meanwhile_shows_both_and_keeps_the_text(client, asked, at):
    review = make.review()
    make.review(about=review.about, why="Worse now")
    client.force_login(people.user(role=Role.RISK_MANAGER))

    answer = post(client, review, "settle", outcome="confirmed", reason="My long reason")

    assert answer.status_code == 409
    assert "My long reason" in answer.content.decode()
    assert Review.objects.get().state == ReviewState.OPEN


def test_a_step_without_a_version_is_refused_and_keeps_the_text(client, asked):
    review = make.review()
    client.force_login(people.user(role=Role.RISK_MANAGER))

    closed = client.post(f"{page(review)}settle/", {"outcome": "confirmed", "reason": "My long reason"})
    client.post(f"{page(review)}claim/")

    assert (closed.status_code, "My long reason" in closed.content.decode()) == (428, True)
    assert "This page is out of date" in client.get(page(review)).content.decode()
    review.refresh_from_db()
    assert (review.state, review.claimed_by) == (ReviewState.OPEN, None)


def test_an_answer_needs_no_version_and_a_closed_review_keeps_its_text(client, asked, at):
    review = make.review()
    client.force_login(asked)

    answer = client.post(f"{page(review)}answer/", {"verdict": "confirmed", "note": "Seen"})
    reviews.withdraw(Review.objects.get(), reason="By mistake", by=SYSTEM, at=at)
    late = client.post(f"{page(review)}answer/", {"verdict": "confirmed", "note": "My long note"})

    assert (answer.status_code, late.status_code) == (303, 409)
    assert "My long note" in late.content.decode()


def test_asking_leading_giving_back_calling_off_and_opening_again(client, asked):
    manager, other = people.user(role=Role.RISK_MANAGER), people.user()
    review = make.review()
    client.force_login(manager)

    assert post(client, review, "ask", user=other.pk).status_code == 303
    for step in ("claim", "give-back"):
        review.refresh_from_db()
        assert post(client, review, step).status_code == 303
    review.refresh_from_db()
    assert review.claimed_by is None
    assert post(client, review, "withdraw", reason="By mistake").status_code == 303
    review.refresh_from_db()
    assert post(client, review, "reopen", reason="No mistake").status_code == 303

    review.refresh_from_db()
    assert review.state == ReviewState.OPEN
    assert review.reviewers.filter(user=other).exists()
    assert client.get(page(review)).status_code == 200


def test_calling_for_a_review_of_a_risk_or_a_model(client, asked, team):
    group = make.breach_group(of_model=make.model(owner_team=team))
    client.force_login(people.user())
    data = {
        "about": group.reference.lower(),
        "kind": "drift",
        "severity": "warning",
        "why": "Odd",
        "once": "k",
    }

    first = client.post(reverse("risklog:review_open"), data)
    again = client.post(reverse("risklog:review_open"), data)

    review = Review.objects.get()
    assert first["Location"] == again["Location"] == page(review)
    assert (review.model, review.triggers) == (group.model, 1)


def test_requesting_a_review_of_a_hidden_object_is_refused_like_one_of_a_missing_object(client, team):
    group = make.breach_group(viewers=[team.subject_id])
    client.force_login(people.user())
    data = {"kind": "drift", "severity": "warning", "why": "Odd"}

    hidden = client.post(reverse("risklog:review_open"), {**data, "about": group.reference})
    none = client.post(reverse("risklog:review_open"), {**data, "about": "B-999999"})

    assert hidden.status_code == none.status_code == 422
    assert f"No item has the reference {group.reference}" in hidden.content.decode()
    assert "No item has the reference B-999999" in none.content.decode()


def test_the_panel_of_a_lower_page_lists_the_reviews_or_offers_one(rf, asked):
    group = make.breach_group()
    empty = queries.of_subject(asked, group)
    review = make.review(about=group.subject)
    request = rf.get("/")
    request.user = asked

    def text(panel):
        template = "risklog/_panel_reviews_of_subject.html"
        return render_to_string(template, {"panel": panel, "object": group}, request)

    assert f"reviews/new/?about={group.reference}" in text(empty)
    assert review.reference in text(queries.of_subject(asked, group))
    assert queries.of_subject(asked, make.model())["reviews"] == []


def test_the_rail_shows_the_escalation_of_a_subject_and_of_its_review(asked, at):
    group = make.breach_group()
    review = make.review(about=group.subject)

    assert escalation_queries.rail(asked, group, at=at) is None
    escalation = make.escalation(about=review.subject)

    assert escalation_queries.rail(asked, group, at=at)["escalation"] == escalation
