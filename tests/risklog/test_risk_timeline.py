"""The timeline of a risk shows each change of its fields."""

from datetime import date

import pytest

from history.models import Event
from history.templatetags.timeline import lines
from kit.actor import Actor
from risklog.operations import duplicate, taxonomy
from risklog.operations import risk as operations
from risklog.operations.risk import CHANGEABLE
from risklog.states import Treatment
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


def new_values() -> dict:
    return {
        "title": "Scores drift in autumn",
        "cause": "The rate changed",
        "event": "Scores are too low",
        "effect": "Wrong rejections",
        "affected": "Applicants of May",
        "description": "The rate doubled.",
        "category": risks.category("label-noise"),
        "model": risks.model("Churn"),
        "feature": "income",
        "tags": ["income"],
        "team": people.team("Fraud"),
        "owner": people.user("Ben Okafor"),
        "likelihood": 2,
        "impact": 1,
        "residual_likelihood": 1,
        "residual_impact": 1,
        "treatment": Treatment.MITIGATE,
        "review_on": date(2027, 1, 31),
        "external_id": "GRC-7",
    }


def test_every_field_that_changes_is_shown_with_its_label(client):
    ana, values = people.user("Ana"), new_values()
    risk = risks.risk(owner=ana)
    client.force_login(ana)

    operations.change(risk, values, by=Actor(ana, "page"), at=AT)

    line = lines(Event.objects.filter(verb="risklog.risk_changed"))[0]
    assert set(values) == set(CHANGEABLE) - {"series"}
    assert {change.field for change in line.changes} == {
        *(name.replace("_", " ") for name in values if name not in {"review_on", "external_id"}),
        "Next review",
        "External ID",
    }
    html = client.get(f"/risks/{risk.reference}/").content.decode()
    assert "External ID: " in html


def test_choices_and_truth_values_are_shown_in_words():
    ana = Actor(people.user("Ana"), "page")
    risk, category = risks.risk(), risks.category("label-noise")

    operations.change(risk, {"treatment": Treatment.MITIGATE}, by=ana, at=AT)
    taxonomy.retire(category, by=ana, at=AT)

    (treatment,) = lines(Event.objects.filter(verb="risklog.risk_changed"))[0].changes
    (retired,) = lines(Event.objects.filter(verb="risklog.category_retired"))[0].changes
    assert (treatment.old, treatment.new) == (None, "Mitigate")
    assert (retired.old, retired.new) == ("no", "yes")


def test_a_new_date_of_the_next_review_is_shown_as_the_only_change(client):
    ana = people.user("Ana")
    risk = risks.risk(owner=ana)
    before = risk.review_on
    client.force_login(ana)

    operations.change(risk, {"review_on": date(2027, 1, 31)}, by=Actor(ana, "page"), at=AT)

    line = lines(Event.objects.filter(verb="risklog.risk_changed"))[0]
    shown = [(change.field, change.old, change.new) for change in line.changes]
    assert shown == [("Next review", f"{before:%a} {before.day} {before:%b}", "Sun 31 Jan 2027")]
    html = client.get(f"/risks/{risk.reference}/").content.decode()
    assert "Next review: " in html
    assert "2027-01-31" in html


def test_the_risk_that_a_duplicate_was_closed_into_is_named_for_those_who_see_it(client):
    team = people.team()
    ana, ben = people.user("Ana", teams=[team]), people.user("Ben")
    risk, into = risks.risk("Twice"), risks.restricted("Zanzibar", team)
    duplicate.merge(risk, into=into, by=Actor(ana, "page"), at=AT)

    for reader, is_named in ((ana, True), (ben, False)):
        client.force_login(reader)
        html = client.get(f"/risks/{risk.reference}/").content.decode()
        assert (f"Of {into.reference} Zanzibar" in html, "Of something restricted" in html) == (
            is_named,
            not is_named,
        )
        assert ("Zanzibar" in html) == is_named
