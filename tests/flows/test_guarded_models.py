"""What is open about a model is restricted when its personal data begins to demand it."""

import pytest

from catalogue.operations import model as models
from history.models import Event
from incidents.operations import incident as incident_operations
from kit.actor import SYSTEM
from learnings.operations import learning as learning_operations
from riskhub import schedule
from risklog.operations import experiment as experiment_operations
from risklog.operations import experiment_sight
from tests.conftest import AT
from tests.factories import catalogue, experiments, incidents, learnings, people

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}


def guard(model) -> None:
    models.change(model, {"has_personal_data": True, "privacy": ["restricted"]}, **BY)
    schedule.act(AT)


def fresh(obj):
    return type(obj).objects.select_related("subject").get(pk=obj.pk)


def viewers_of(obj) -> list[int] | None:
    obj.subject.refresh_from_db()
    return obj.subject.viewers


@pytest.fixture
def team():
    people.organisation()
    return people.team("Credit")


@pytest.fixture
def model(team):
    return catalogue.model(owner_team=team)


def test_open_objects_are_restricted_and_what_is_over_stays(team, model):
    waiting = [
        incidents.incident(model=model),
        incidents.incident(model=model, state="resolved"),
        experiments.experiment(model=model),
        experiments.experiment(model=model, state="running"),
        learnings.draft(model=model),
    ]
    over = [
        incidents.incident(model=model, state="withdrawn"),
        experiments.experiment(model=model, state="finished"),
        learnings.published(model=model),
        incidents.incident(),
    ]
    schedule.act(AT)

    guard(model)

    for obj in waiting:
        assert team.subject_id in (viewers_of(obj) or ()), obj
    for obj in over:
        assert viewers_of(obj) is None, obj
    assert Event.objects.filter(verb="incidents.incident_restricted").count() == 2
    assert Event.objects.filter(verb="risklog.experiment_restricted").count() == 2


def test_who_declared_it_and_who_owns_it_still_see_it(model):
    ana = people.user("Ana")
    declared = incidents.incident(model=model, person=ana)
    tested = experiments.experiment(model=model, person=ana)

    guard(model)

    for obj in (declared, tested):
        assert type(obj).objects.visible_to(ana).exists()
        assert not type(obj).objects.visible_to(people.user()).exists()


def test_objects_that_somebody_opened_again_or_restricted_otherwise_stay(team, model):
    other = people.team("Fraud")
    elsewhere = incidents.incident(model=model, viewers=[other.subject_id])
    declared, tested = incidents.incident(model=model), experiments.experiment(model=model)
    guard(model)
    assert team.subject_id not in viewers_of(elsewhere)

    declared, tested = fresh(declared), fresh(tested)
    incident_operations.restrict(declared, teams=None, **BY)
    experiment_sight.restrict(tested, teams=None, **BY)
    models.change(model, {"purpose": "Another one"}, **BY)
    schedule.act(AT)

    assert viewers_of(declared) is None and viewers_of(tested) is None


def test_they_are_restricted_when_the_model_gets_its_first_team(team):
    model = catalogue.model(has_personal_data=True, privacy=["restricted"])
    declared = incidents.incident(model=model)
    models.change(model, {"owner_team": team}, **BY)
    schedule.act(AT)

    assert team.subject_id in viewers_of(declared)


def test_the_teams_of_a_restricted_model_stay_the_measure(team):
    other = people.team("Fraud")
    model = catalogue.model(owner_team=team, viewers=[other.subject_id])
    declared = incidents.incident(model=model)
    incident_operations.restrict(declared, teams=None, **BY)

    guard(model)

    assert other.subject_id in viewers_of(declared) and team.subject_id not in viewers_of(declared)


def test_they_are_restricted_when_they_are_about_such_a_model_later(team):
    guarded = catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])
    declared, tested, draft = incidents.incident(), experiments.experiment(), learnings.draft()
    schedule.act(AT)
    incident_operations.change(declared, {"model": guarded}, **BY)
    experiment_operations.change(tested, {"model": guarded}, **BY)
    learning_operations.change(draft, {"model": guarded}, **BY)
    schedule.act(AT)

    for obj in (declared, tested, draft):
        assert team.subject_id in (viewers_of(obj) or ()), obj
