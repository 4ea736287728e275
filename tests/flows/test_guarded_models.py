"""What is open about a model is restricted when its personal data begins to demand it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.operations import model as models
from history.models import Event, Subject
from incidents.operations import incident as incident_operations
from incidents.operations import privacy as incident_privacy
from kit.actor import SYSTEM
from learnings.operations import learning as learning_operations
from riskhub import schedule
from risklog.operations import experiment as experiment_operations
from risklog.operations import experiment_privacy, experiment_sight, risk_privacy, risk_steps
from risklog.operations import risk as risk_operations
from risklog.states import RiskState
from tests.conftest import AT
from tests.factories import actions, catalogue, experiments, incidents, learnings, people, risks

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
HOUR = timedelta(hours=1)


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
        risks.risk("Live", model=model),
        risks.risk("Accepted", model=model, state=RiskState.ACCEPTED),
        incidents.incident(model=model),
        incidents.incident(model=model, state="resolved"),
        experiments.experiment(model=model),
        experiments.experiment(model=model, state="running"),
        learnings.draft(model=model),
    ]
    over = [
        risks.risk("Closed", model=model, state=RiskState.CLOSED),
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


def test_an_experiment_about_an_open_object_is_restricted_as_a_new_one_is(team, model):
    ana, (first, second) = people.user("Ana"), experiments.owners()
    risk = risks.risk()
    tested = experiments.experiment(model=model, about=risk.subject, person=ana, owners=[first, second])
    draft = learnings.draft(model=model, about=risk.subject)
    guard(model)

    tested = fresh(tested)
    assert tested.subject.root_id is None
    for reader in (ana, first, second, people.user(teams=[team])):
        assert tested.subject.is_visible_to(reader), reader
    assert not tested.subject.is_visible_to(people.user())
    assert viewers_of(risk) is None and viewers_of(draft) is None

    third = people.user("Tom", teams=[people.team()])
    experiment_operations.change(tested, {"owners": [first, third]}, **BY)
    risk_operations.restrict(risk, teams=[people.team("Fraud")], **BY)
    task = actions.action(about=fresh(tested).subject)
    for obj in (fresh(tested), task):
        assert obj.subject.is_visible_to(third)
        # The team of the model may not see the risk any more, whose texts the experiment repeats (ADR 0054).
        assert not obj.subject.is_visible_to(people.user(teams=[team]))
        assert not obj.subject.is_visible_to(second)


def test_an_experiment_about_a_risk_that_was_opened_on_purpose_stays_open(team):
    guarded = catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])
    risk = risks.risk(model=guarded)
    tested = experiments.experiment(model=guarded, about=risk.subject)
    risk_operations.restrict(risk, teams=None, **BY)
    schedule.tidy()

    assert viewers_of(tested) is None


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


def test_what_somebody_opened_stays_open_when_the_model_gets_its_team_again(team, model):
    declared, tested = incidents.incident(model=model), experiments.experiment(model=model)
    guard(model)
    incident_operations.restrict(fresh(declared), teams=None, **BY)
    experiment_sight.restrict(fresh(tested), teams=None, **BY)

    for owner in (None, team):
        models.change(fresh(model), {"owner_team": owner}, **BY)
        schedule.act(AT)

    assert viewers_of(declared) is None and viewers_of(tested) is None


def test_what_was_over_is_restricted_when_it_is_active_again(team, model):
    withdrawn = incidents.incident(model=model, state="withdrawn")
    opened = incidents.incident(model=model, viewers=[team.subject_id], state="withdrawn")
    incident_operations.restrict(opened, teams=None, **BY)
    discarded, published = learnings.discarded(model=model), learnings.published(model=model)
    guard(model)

    for incident in (withdrawn, opened):
        incident_operations.reopen(fresh(incident), reason="It came back", **BY)
    learning_operations.restore(fresh(discarded), **BY)
    learning_operations.withdraw(fresh(published), **BY)
    schedule.act(AT)

    for obj in (withdrawn, opened, discarded, published):
        assert team.subject_id in (viewers_of(obj) or ()), obj


def test_an_incident_that_was_opened_on_purpose_stays_open_when_it_is_reopened(model):
    declared = incidents.incident(model=model)
    guard(model)
    declared = incident_operations.restrict(fresh(declared), teams=None, **BY)
    incident_operations.withdraw(declared, reason="It was a test", **BY)
    incident_operations.reopen(declared, reason="It was none", **BY)
    schedule.act(AT)

    assert viewers_of(declared) is None


def test_an_incident_that_was_opened_about_another_model_is_restricted(team):
    guarded = catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])
    declared = incidents.incident(viewers=[team.subject_id])
    incident_operations.restrict(declared, teams=None, **BY)
    incident_operations.change(declared, {"model": guarded}, **BY)
    schedule.act(AT)

    assert team.subject_id in (viewers_of(declared) or ())


def test_the_daily_run_restricts_what_an_earlier_release_left_open(team):
    guarded = catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])
    objects = [
        incidents.incident(model=guarded),
        experiments.experiment(model=guarded),
        learnings.draft(model=guarded),
    ]
    on_purpose = incidents.incident(model=guarded)
    schedule.act(AT)
    incident_operations.restrict(on_purpose, teams=None, **BY)
    Subject.objects.filter(pk__in=[obj.subject_id for obj in objects]).update(viewers=None)
    count = Event.objects.count

    schedule.tidy()
    restricted = count()
    schedule.tidy()

    for obj in objects:
        assert team.subject_id in (viewers_of(obj) or ()), obj
    assert viewers_of(on_purpose) is None
    assert count() == restricted


def test_the_history_of_a_draft_says_that_it_was_restricted(team, model):
    draft = learnings.draft(model=model)
    guard(model)

    event = Event.objects.get(verb="learnings.learning_restricted")
    assert (event.subject_id, event.data["teams"]) == (draft.subject_id, [team.subject_id])


def test_each_object_about_an_open_breach_is_restricted_to_the_teams_of_a_restricted_model(team):
    other = people.team("Fraud")
    fields = {"owner_team": team, "has_personal_data": True, "privacy": ["restricted"]}
    model = catalogue.model(viewers=[other.subject_id], **fields)
    about = incidents.incident().subject
    objects = [
        incidents.incident(model=model, about=about),
        experiments.experiment(model=model, about=about),
        learnings.draft(model=model),
    ]
    for obj in objects:
        assert other.subject_id in viewers_of(obj) and team.subject_id not in viewers_of(obj), obj


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


def test_a_risk_that_is_reopened_or_about_another_model_is_restricted_and_one_that_was_opened_stays(
    team, model
):
    closed = risks.risk("Closed", model=model, state=RiskState.CLOSED)
    elsewhere = risks.risk("Elsewhere")
    shown = risks.risk("Shown on purpose", model=model)
    guard(model)
    risk_operations.restrict(fresh(shown), teams=None, **BY)

    risk_steps.reopen(fresh(closed), reason="It is back", **BY)
    risk_operations.change(fresh(elsewhere), {"model": model}, **BY)
    schedule.act(AT)

    assert viewers_of(closed) == viewers_of(elsewhere) == [team.subject_id]
    assert viewers_of(shown) is None
    risk_privacy.restrict_missing(at=AT)
    assert viewers_of(shown) is None


@pytest.mark.parametrize(
    ("create", "open_to_all", "restrict_missing"),
    [
        (risks.risk, risk_operations.restrict, risk_privacy.restrict_missing),
        (incidents.incident, incident_operations.restrict, incident_privacy.restrict_missing),
        (experiments.experiment, experiment_sight.restrict, experiment_privacy.restrict_missing),
    ],
    ids=("risks", "incidents", "experiments"),
)
def test_objects_that_were_opened_on_purpose_are_not_locked_and_cost_no_statements_each(
    team, create, open_to_all, restrict_missing
):
    guarded = catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])

    def open_one():
        open_to_all(fresh(create(model=guarded)), teams=None, **BY)

    def statements() -> list[str]:
        with CaptureQueriesContext(connection) as found:
            restrict_missing(at=AT)
        return [row["sql"] for row in found]

    open_one()
    of_one = statements()
    for _ in range(3):
        open_one()
    of_four = statements()

    assert len(of_four) == len(of_one)
    assert not [sql for sql in of_four if "FOR UPDATE" in sql]


def test_those_that_must_be_restricted_are_found_among_those_that_were_opened(team):
    guarded = catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])
    opened, forgotten, moved = (risks.risk(model=guarded) for _ in range(3))
    risk_operations.restrict(fresh(opened), teams=None, **BY)
    risk_operations.restrict(fresh(moved), teams=None, **BY)
    risk_operations.change(fresh(moved), {"model": catalogue.model()}, by=SYSTEM, at=AT + HOUR)
    risk_operations.change(fresh(moved), {"model": guarded}, by=SYSTEM, at=AT + HOUR)
    Subject.objects.filter(pk__in=[forgotten.subject_id, moved.subject_id]).update(viewers=None)

    risk_privacy.restrict_missing(at=AT + HOUR)

    assert viewers_of(opened) is None
    assert viewers_of(forgotten) == viewers_of(moved) == [team.subject_id]
