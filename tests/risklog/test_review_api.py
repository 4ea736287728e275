"""Reviews and escalations by API."""

import json

import pytest

from history.models import Event
from people.states import Role
from risklog.api.escalation import EscalationRow
from risklog.api.review import ReviewRow
from risklog.models import Escalation, Review
from risklog.operations import reviewer
from risklog.states import Outcome
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
REVIEWS, ESCALATIONS = "/api/v1/review-requests", "/api/v1/escalations"


@pytest.fixture
def asked():
    make.reviewer("risk-management")
    return make.reviewer("data-science", teams=[people.team("Fraud")])


def post(client, url, body=None, **headers):
    return client.post(url, body or {}, content_type="application/json", headers=headers)


def as_json(serializer):
    return json.loads(json.dumps(serializer.data, default=str))


def test_a_review_reads_the_same_as_its_row(client, asked, at):
    review = make.review(of_model=make.model(owner_team=people.team()))
    reviewer.answer(review, verdict=Outcome.CONFIRMED, note="Seen", by=make.actor(asked), at=at)
    client.force_login(asked)

    answer = client.get(f"{REVIEWS}/{review.reference}")

    assert answer["ETag"] == f'"review-{review.pk}-{Review.objects.get().version}"'
    assert _plain(answer.json()) == _plain(as_json(ReviewRow(Review.objects.get())))
    assert answer.json()["reviewers"][0]["verdict"] == "confirmed"


def test_an_escalation_reads_the_same_as_its_row(client, asked):
    escalation = make.escalation(about=make.model(developer=asked).subject)
    client.force_login(asked)

    found = client.get(f"{ESCALATIONS}/{escalation.reference}").json()

    assert _plain(found) == _plain(as_json(EscalationRow(Escalation.objects.get())))
    assert found["climbs"][0]["told"] == [asked.pk]


def _plain(row):
    """Two libraries write moments: with Z, with an offset, with a space."""
    if isinstance(row, dict):
        return {name: _plain(value) for name, value in row.items()}
    if isinstance(row, list):
        return [_plain(value) for value in row]
    return row.replace("+00:00", "Z").replace(" ", "T") if isinstance(row, str) and row[:2] == "20" else row


@pytest.mark.parametrize("url", [REVIEWS, ESCALATIONS])
def test_lists_cost_the_same_for_one_and_for_three(client, asked, url, django_assert_max_num_queries):
    def add():
        make.review()
        make.escalation(about=make.model(developer=asked).subject)

    client.force_login(asked)
    add()
    with django_assert_max_num_queries(30) as one:
        assert len(client.get(url).json()["results"]) == 1
    add(), add()

    with django_assert_max_num_queries(len(one)):
        assert len(client.get(f"{url}?order=-id").json()["results"]) == 3


def test_reviews_are_filtered_by_who_was_asked_and_by_model(client, asked):
    model = make.model("credit-pd")
    mine, other = make.review(of_model=model), make.review(kind="latency")
    client.force_login(asked)

    def found(query):
        return [row["reference"] for row in client.get(f"{REVIEWS}?{query}").json()["results"]]

    assert found("model=credit-pd") == [mine.reference]
    assert found("kind=latency&state=open") == [other.reference]
    assert found(f"reviewer={asked.pk},{asked.pk + 1}") == found(f"reviewer={asked.pk}")
    assert client.get(f"{REVIEWS}?state=odd").status_code == 400


def test_a_stranger_s_are_not_there(client, asked):
    team = people.team()
    group = make.breach_group(viewers=[team.subject_id])
    review, escalation = make.review(about=group.subject), make.escalation(about=group.subject)
    client.force_login(people.user(role=Role.RISK_MANAGER))

    assert client.get(f"{REVIEWS}/{review.reference}").status_code == 404
    assert client.get(f"{ESCALATIONS}/{escalation.reference}").status_code == 404
    assert post(client, f"{REVIEWS}/{review.reference}/answer", {"verdict": "confirmed"}).status_code == 404
    assert post(client, f"{ESCALATIONS}/{escalation.pk}/resolve", {"reason": "x"}).status_code == 404
    assert client.get(REVIEWS).json()["count"] == client.get(ESCALATIONS).json()["count"] == 0
    raised = post(client, ESCALATIONS, {"about": group.reference, "why": "x"})
    assert (raised.status_code, raised.json()["errors"][0]["field"]) == (400, "about")


def test_answering_and_settling(client, asked):
    review = make.review()
    url = f"{REVIEWS}/{review.reference}"
    client.force_login(asked)

    answered = post(client, f"{url}/answer", {"verdict": "confirmed", "note": "Seen"})
    refused = post(client, f"{url}/settle", {"outcome": "confirmed", "reason": "Seen"})
    client.force_login(people.user(role=Role.RISK_MANAGER))
    stale = post(client, f"{url}/settle", {"outcome": "confirmed", "reason": "x"}, if_match='"review-1-99"')
    without = post(client, f"{url}/settle", {"outcome": "confirmed", "reason": "Seen"})
    settled = post(client, f"{url}/settle", {"outcome": "confirmed", "reason": "Seen"}, if_match="*")
    again = post(client, f"{url}/settle", {"outcome": "confirmed", "reason": "Seen"}, if_match="*")

    answers = (answered, refused, stale, without, settled, again)
    assert [answer.status_code for answer in answers] == [200, 403, 412, 428, 200, 409]
    assert settled.json()["state"] == "settled"
    assert Event.objects.get(verb="risklog.review_answered").via == "api"


def test_only_those_asked_may_answer(client, asked):
    client.force_login(people.user())

    assert (
        post(client, f"{REVIEWS}/{make.review().reference}/answer", {"verdict": "confirmed"}).status_code
        == 403
    )


def test_raising_acknowledging_and_resolving(client, asked):
    group = make.breach_group(of_model=make.model(developer=asked))
    client.force_login(people.user(role=Role.VIEWER))

    raised = post(client, ESCALATIONS, {"about": group.reference, "why": "Payments fail", "is_unnamed": True})
    refused = post(client, raised["Location"] + "/acknowledge")
    client.force_login(asked)
    without = post(client, raised["Location"] + "/acknowledge", {"note": "On it"})
    taken = post(client, raised["Location"] + "/acknowledge", {"note": "On it"}, if_match=raised["ETag"])
    stale = post(client, raised["Location"] + "/resolve", {"reason": "x"}, if_match=raised["ETag"])
    empty = post(client, raised["Location"] + "/resolve", {"reason": " "}, if_match=taken["ETag"])
    resolved = post(client, raised["Location"] + "/resolve", {"reason": "Rolled back"}, if_match="*")

    answers = (raised, refused, without, taken, stale, empty, resolved)
    assert [answer.status_code for answer in answers] == [201, 403, 428, 200, 412, 400, 200]
    assert taken.json()["acknowledged_by_id"] == asked.pk
    assert resolved.json()["state"] == "resolved"
    assert Event.objects.get(verb="risklog.escalation_started").is_actor_hidden


@pytest.mark.parametrize("step", ["ask", "hand-over", "answer"])
def test_a_review_with_other_reviewers_or_answers_is_another_version(client, asked, step):
    review = make.review()
    url = f"{REVIEWS}/{review.reference}"
    client.force_login(asked)
    old = client.get(url)["ETag"]
    new = make.reviewer("platform")
    body = {"verdict": "confirmed"} if step == "answer" else {"user": new.email}

    changed = post(client, f"{url}/{step}", body, **{"If-Match": old})

    assert changed.status_code == 200, changed.content
    assert changed["ETag"] != old
    assert client.get(url, headers={"If-None-Match": old}).status_code == 200
    stale = post(client, f"{url}/claim", **{"If-Match": old})
    assert stale.status_code == 412
