"""A risk from a pattern of breaches: filled in, made once, and as restricted as its evidence."""

import pytest

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people.states import Role
from risklog.models import Risk
from risklog.operations.risk_from_pattern import add_from_pattern
from signals.queries import pattern as patterns
from tests.conftest import AT
from tests.factories import catalogue, people, risks, signals

pytestmark = pytest.mark.django_db
PAGE = "/signals/patterns/"


@pytest.fixture
def ana(client):
    people.organisation()
    risks.category()
    person = people.user("Ana", role=Role.RISK_MANAGER, teams=[people.team("Growth ML")])
    client.force_login(person)
    return person


def only_pattern(user):
    [pattern] = patterns.search(user, at=AT).patterns
    return pattern


def test_one_click_makes_a_risk_from_the_evidence(ana, client):
    model = catalogue.model("fraud-score")
    signals.alerts_at_night()
    pattern = only_pattern(ana)

    answer = client.post("/risks/from-pattern/", {"pattern": pattern.key, "days": 90})

    risk = Risk.objects.get()
    assert answer.url == f"/risks/{risk.reference}/"
    assert (risk.title, risk.model) == ("Fraud score: recurring breaches from 04:00 to 05:00", model)
    assert risk.breach_group_id == pattern.group_ids[0]
    assert "12 of 12 breaches" in risk.description
    assert "less than 1 in 1,000,000" in risk.description
    assert pattern.groups[0].reference in risk.description
    page = client.get(PAGE).content.decode()
    assert f"/risks/{risk.reference}/" in page
    assert "/risks/from-pattern/" not in page


def test_a_second_click_opens_the_same_risk(ana, client):
    catalogue.model("fraud-score")
    signals.alerts_at_night()
    body = {"pattern": only_pattern(ana).key}

    first, second = (
        client.post("/api/v1/risks/from_pattern", body, content_type="application/json") for _ in range(2)
    )

    assert first.status_code == 201
    assert second.json()["reference"] == first.json()["reference"]
    assert Risk.objects.count() == 1


def test_the_page_says_whether_the_risk_is_new(ana, client):
    catalogue.model("fraud-score")
    signals.alerts_at_night()
    body = {"pattern": only_pattern(ana).key, "days": 90}

    first = client.post("/risks/from-pattern/", body, follow=True).content.decode()
    second = client.post("/risks/from-pattern/", body, follow=True).content.decode()
    reference = Risk.objects.get().reference
    assert f"{reference} created from the evidence." in first
    assert f"{reference} exists already." in second and "created from the evidence" not in second


def test_what_is_no_pattern_any_more_makes_no_risk(ana, client):
    answer = client.post("/risks/from-pattern/", {"pattern": "0" * 16})

    assert answer.url == PAGE
    refused = client.post(
        "/api/v1/risks/from_pattern", {"pattern": "0" * 16, "days": 30}, content_type="application/json"
    )
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "pattern")
    assert not Risk.objects.exists()


def restricted(name, team):
    model = catalogue.model(name)
    history.restrict(model.subject, {team.subject_id})
    return model


def test_the_risk_of_a_restricted_model_is_restricted_too(ana):
    team = people.team("Secret")
    insider, outsider = people.user("Ines", teams=[team]), people.user("Otto")
    restricted("hidden-score", team)
    signals.alerts_at_night("hidden-score")

    risk, _ = add_from_pattern(only_pattern(insider).key, days=90, by=Actor(insider, "page"), at=AT)

    assert not Risk.objects.visible_to(outsider).exists()
    assert Risk.objects.visible_to(insider).get() == risk


def test_a_pattern_over_models_tells_nothing_of_restricted_ones(ana):
    """Each of three models is no pattern of one model, so the insider sees one of all models."""
    team = people.team("Secret")
    insider = people.user("Ines", teams=[team])
    for name in ("a-score", "b-score", "c-score"):
        restricted(name, team)
        signals.alerts_at_night(name, days=3)
    found = patterns.search(insider, at=AT).patterns
    pattern = next(one for one in found if not one.is_inside_model)

    with pytest.raises(Refused, match="Restricted models"):
        add_from_pattern(pattern.key, days=90, by=Actor(insider, "page"), at=AT)
    with pytest.raises(Refused, match="no pattern"):
        add_from_pattern(pattern.key, days=90, by=Actor(ana, "page"), at=AT)
