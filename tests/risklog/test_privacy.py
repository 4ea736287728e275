"""Risks about a model whose personal data demands that only its team sees them."""

import pytest

from risklog.models import Risk
from tests.factories import catalogue, people, risks

pytestmark = pytest.mark.django_db


def test_a_new_risk_is_restricted_if_the_personal_data_demands_it():
    team, stranger = people.team("Lending"), people.user("Sam")
    mate = people.user("Max", teams=[team])
    model = catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])
    found = risks.risk(model=model)

    assert not Risk.objects.visible_to(stranger).exists()
    assert Risk.objects.visible_to(mate).get() == found


def test_other_constraints_and_a_model_without_a_team_restrict_nothing():
    stranger = people.user("Sam")
    models = (
        catalogue.model(owner_team=people.team(), has_personal_data=True, privacy=["erase"]),
        catalogue.model(has_personal_data=True, privacy=["restricted"]),
    )
    for model in models:
        risks.risk(model=model)

    assert Risk.objects.visible_to(stranger).count() == 2


def test_a_restricted_model_stays_the_measure():
    team, other = people.team("Lending"), people.team("Fraud")
    mate = people.user("Max", teams=[other])
    fields = {"owner_team": team, "has_personal_data": True, "privacy": ["restricted"]}
    risks.risk(model=catalogue.model(viewers=[other.subject_id], **fields))

    assert Risk.objects.visible_to(mate).exists()
    assert not Risk.objects.visible_to(people.user("Lea", teams=[team])).exists()
