"""The order in which an experiment and its source are locked and restricted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Model
from history.models import Subject
from kit.actor import SYSTEM
from riskhub import schedule
from risklog.operations import experiment_sight
from risklog.operations import risk as risk_operations
from tests.conftest import AT
from tests.factories import catalogue, experiments, people, risks

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}


@pytest.fixture
def team():
    people.organisation()
    return people.team("Security")


def place_of(queries: CaptureQueriesContext, *words: str) -> int:
    """Return the place of the first statement with all these words."""
    statements = [one["sql"] for one in queries.captured_queries]
    return next(place for place, sql in enumerate(statements) if all(word in sql for word in words))


def test_the_source_is_locked_before_an_experiment_about_it_is_written(team):
    risk, owners = risks.risk(), experiments.owners()
    with CaptureQueriesContext(connection) as queries:
        experiments.experiment(about=risk.subject, owners=owners)
    locked = place_of(queries, f"WHERE id = {risk.subject_id}) FOR NO KEY UPDATE")
    assert locked < place_of(queries, "INSERT INTO", "risklog_experiment")


def test_the_source_is_locked_before_an_experiment_is_restricted(team):
    risk = risks.risk()
    made = experiments.experiment(about=risk.subject, viewers=[team.subject_id])
    with CaptureQueriesContext(connection) as queries:
        experiment_sight.restrict(made, teams=[team, people.team("Pricing")], **BY)
    locked = place_of(queries, f"WHERE id = {risk.subject_id}) FOR NO KEY UPDATE")
    assert locked < place_of(queries, "UPDATE", "risklog_experiment")


def test_tidying_restricts_with_the_source_before_the_model_demands_it(team):
    """The teams of the model may not see the source, so restricting to them first would be refused."""
    model = catalogue.model(owner_team=people.team("Growth ML"))
    risk = risks.risk(model=model)
    made = experiments.experiment(model=model, about=risk.subject)
    risk.refresh_from_db()
    risk_operations.restrict(risk, teams=[team], **BY)
    Subject.objects.filter(pk=made.subject_id).update(root=None, viewers=None)  # as an earlier release did
    Model.objects.filter(pk=model.pk).update(has_personal_data=True, privacy=["restricted"])

    schedule.tidy()

    viewers = Subject.objects.get(pk=made.subject_id).viewers
    assert viewers is not None and team.subject_id in viewers
    assert model.owner_team.subject_id not in viewers
