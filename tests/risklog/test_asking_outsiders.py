"""Asking somebody to review something restricted shows it to them, so not everybody may ask."""

import pytest

from kit.actor import SYSTEM
from kit.refusals import Refused
from people.states import Role
from risklog.models import Reviewer
from risklog.operations import replacement
from risklog.operations import reviewer as reviewers
from tests.conftest import AT
from tests.factories import people, risklog_review, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A restricted risk with an open review. lead, owner, mate: see it. outsider: does not."""
    lead, owner, mate = people.user("Lena"), people.user("Olga"), people.user("Max")
    team = people.team("Fraud", lead=lead)
    for person in (lead, mate):
        people.member(team, person)
    risk = risks.restricted("Zanzibar", team, owner=owner)
    review = risklog_review.review(about=risk.subject)
    return {"risk": risk, "review": review, "lead": lead, "owner": owner, "mate": mate, "team": team}


def ask(house, by, user):
    return reviewers.ask(house["review"], user, by=risklog_review.actor(by) if by else SYSTEM, at=AT)


def test_a_member_who_sees_it_asks_only_people_who_see_it(house):
    outsider = people.user("Sam")

    with pytest.raises(Refused, match="Sam does not see R-") as refusal:
        ask(house, house["mate"], outsider)

    assert refusal.value.field == "user"
    assert not house["risk"].subject.is_visible_to(outsider)
    another = people.user("Ida", teams=[house["team"]])
    ask(house, house["mate"], another)
    assert Reviewer.objects.filter(review=house["review"], user=another).exists()


@pytest.mark.parametrize("who", ["lead", "owner", "manager", "riskhub"])
def test_its_owner_a_lead_and_a_risk_manager_ask_anybody(house, who):
    outsider = people.user("Sam")
    by = {
        "manager": people.user(role=Role.RISK_MANAGER, teams=[house["team"]]),
        "riskhub": None,
        **house,
    }[who]

    ask(house, by, outsider)

    house["risk"].subject.refresh_from_db()
    assert house["risk"].subject.is_visible_to(outsider)


def test_a_reviewer_hands_their_part_over_only_to_somebody_who_sees_it(house):
    ask(house, house["lead"], house["mate"])

    with pytest.raises(Refused, match="does not see"):
        replacement.hand_over(
            house["review"], people.user("Sam"), by=risklog_review.actor(house["mate"]), at=AT
        )


def test_of_an_open_risk_everybody_asks_everybody(house):
    review = risklog_review.review(about=risks.risk().subject)
    outsider = people.user("Sam")

    reviewers.ask(review, outsider, by=risklog_review.actor(house["mate"]), at=AT)

    assert Reviewer.objects.filter(review=review, user=outsider).exists()


def test_the_page_says_why(client, house):
    outsider = people.user("Sam")
    client.force_login(house["mate"])
    reviewers.claim(house["review"], by=risklog_review.actor(house["mate"]), at=AT)
    house["review"].refresh_from_db()
    body = {"user": outsider.email}
    url = f"/api/v1/review-requests/{house['review'].reference}/ask"
    tag = client.get(url.removesuffix("/ask"))["ETag"]

    answer = client.post(url, body, content_type="application/json", headers={"If-Match": tag})

    assert answer.status_code == 422
    assert "the lead of a team that sees it" in answer.json()["errors"][0]["detail"]
