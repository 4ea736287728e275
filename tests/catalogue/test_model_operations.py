"""Registering, changing and moving models."""

from datetime import timedelta

import pytest

from catalogue.models import Model
from catalogue.operations import model
from catalogue.queries import model as queries
from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may
from people.states import Role
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db


def test_a_model_is_registered_under_a_slug_of_its_name(at):
    found = model.add(name="Fraud Score (EU)", by=SYSTEM, at=at)

    assert (found.slug, found.stage, found.subject.title) == (
        "fraud-score-eu",
        "production",
        "Fraud Score (EU)",
    )
    assert Event.objects.get(subject=found.subject).verb == "catalogue.model_registered"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "???"}, "slug"),
        ({"name": "x", "slug": "no spaces"}, "slug"),
        ({"name": "x", "slug": "TAKEN"}, "slug"),
        ({"name": "x", "slug": "x" * 121}, "slug"),
    ],
)
def test_what_cannot_be_a_model_names_its_field(at, fields, field):
    catalogue.model("taken")

    with pytest.raises(Refused) as refusal:
        model.add(**fields, by=SYSTEM, at=at)

    assert refusal.value.field == field
    assert Model.objects.count() == 1


def test_a_change_notifies_people_and_renames_the_subject(at):
    found = catalogue.model("fraud")

    model.change(found, {"name": "Fraud 2", "tier": 1}, by=SYSTEM, at=at, seen=1)

    found.subject.refresh_from_db()
    assert (found.subject.title, found.version) == ("Fraud 2", 2)
    with pytest.raises(ChangedMeanwhile):
        model.change(found, {"name": "Fraud 3"}, by=SYSTEM, at=at, seen=1)
    with pytest.raises(Refused):
        model.change(found, {"slug": "other"}, by=SYSTEM, at=at)


def test_a_retired_model_is_marked_and_may_come_back(at):
    found = catalogue.model("fraud")

    model.move_stage(found, "retired", by=SYSTEM, at=at)
    found.subject.refresh_from_db()
    assert found.subject.is_retired
    model.move_stage(found, "production", by=SYSTEM, at=at)

    found.subject.refresh_from_db()
    assert not found.subject.is_retired
    assert Event.objects.filter(verb="catalogue.model_stage_moved").count() == 2
    with pytest.raises(Refused):
        model.move_stage(found, "attic", by=SYSTEM, at=at)


def test_a_model_that_is_retired_when_it_is_registered_is_marked():
    found = catalogue.model("fraud", stage="retired")

    found.subject.refresh_from_db()
    assert found.subject.is_retired


def test_the_day_of_the_next_validation_moves_without_its_reason(at):
    found = catalogue.model("fraud", validate_on=at.date(), validate_why="New labels")

    model.change(found, {"validate_on": at.date() + timedelta(days=9)}, by=SYSTEM, at=at)
    assert (found.validate_on, found.validate_why) == (at.date() + timedelta(days=9), "New labels")
    with pytest.raises(Refused) as refused:
        model.change(found, {"validate_why": " "}, by=SYSTEM, at=at)
    assert refused.value.field == "validate_why"
    model.change(found, {"validate_on": None, "validate_why": ""}, by=SYSTEM, at=at)
    with pytest.raises(Refused) as refused:
        model.change(found, {"validate_on": at.date()}, by=SYSTEM, at=at)
    assert refused.value.field == "validate_why"


def test_a_tools_name_means_the_model_of_that_slug():
    found = catalogue.model("fraud-score")

    assert queries.models_called(["Fraud Score", "fraud-score", "other", ""]) == {
        "Fraud Score": found,
        "fraud-score": found,
    }


def test_who_may_change_a_model():
    team = people.team()
    owner, other, manager, viewer = (
        people.user(teams=[team]),
        people.user(),
        people.user(role=Role.RISK_MANAGER),
        people.user(role=Role.VIEWER),
    )
    found = catalogue.model("fraud", owner_team=team)

    allowed = [
        person for person in (owner, other, manager, viewer) if may(person, "catalogue.model_change", found)
    ]

    assert allowed == [owner, manager]
    assert may(viewer, "catalogue.view")
    assert not may(viewer, "catalogue.model_add")
