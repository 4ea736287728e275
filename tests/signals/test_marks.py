"""The marks on charts: decisions, starts and results of experiments, and incidents, with one statement."""

from dataclasses import replace
from datetime import timedelta

import pytest

from risklog.states import ExperimentState
from signals.queries import marks
from signals.queries.marks import marks_of
from tests.conftest import AT
from tests.factories import catalogue, experiments, meetings, people, signals
from tests.factories.incidents import incident

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PERIOD = (AT - 24 * HOUR, AT + HOUR)


def one_of_each(model, viewers=None) -> dict[str, str]:
    """Create an incident, a decision and a finished experiment of a model; return kind -> reference.

    The incident started two hours before AT, the decision was taken an hour before AT, and the experiment was
    started and finished at AT.
    viewers: of the incident and the experiment. The decision has those of the model.
    """
    about = signals.series(model).subject
    made = {
        "incident": incident(model=model, viewers=viewers, started_at=AT - 2 * HOUR),
        "decision": meetings.decision(about=about, at=AT - HOUR),
        "experiment": experiments.experiment(model=model, viewers=viewers, state=ExperimentState.FINISHED),
    }
    return {kind: obj.reference for kind, obj in made.items()}


def references(found) -> list[str]:
    return [mark["label"].partition(":")[0].split()[0] for mark in found]


def test_marks_of_all_kinds_are_read_with_one_statement_oldest_first(django_assert_num_queries):
    model, reader = catalogue.model(), people.user()
    made = one_of_each(model)
    reader.sight  # noqa: B018 - its query runs once a request

    with django_assert_num_queries(1):
        found = marks_of(reader, [model.pk], *PERIOD)

    order = ("incident", "decision", "experiment", "experiment")
    assert references(found) == [made[kind] for kind in order]
    assert [mark["kind"] for mark in found] == ["critical", "note", "note", "note"]
    assert found[0]["at"] == (AT - 2 * HOUR).isoformat()
    assert found[0]["link"] == f"/incidents/{made['incident']}/"
    assert {mark["model"] for mark in found} == {model.pk}
    assert list(found[0]) == ["at", "label", "link", "kind", "model", "subject"]


def test_a_period_bounds_the_marks_each_by_its_own_moment():
    model, reader = catalogue.model(), people.user()
    made = one_of_each(model)

    assert references(marks_of(reader, [model.pk], AT - 2 * HOUR, AT - HOUR)) == [made["incident"]]
    assert references(marks_of(reader, [model.pk], AT - HOUR, AT)) == [made["decision"]]
    assert marks_of(reader, [catalogue.model().pk], *PERIOD) == []


def test_restricted_objects_are_marked_only_for_those_who_may_see_them():
    team = people.team("Security")
    model = catalogue.model(viewers=[team.subject_id])
    made = one_of_each(model, viewers=[team.subject_id])

    assert marks_of(people.user(), [model.pk], *PERIOD) == []
    member = people.user(teams=[team])
    assert set(references(marks_of(member, [model.pk], *PERIOD))) == set(made.values())


def test_the_permission_of_each_kind_is_checked(monkeypatch, django_assert_num_queries):
    model, reader = catalogue.model(), people.user()
    made = one_of_each(model)
    asked = (reader, [model.pk], *PERIOD)

    for name, kind in (
        ("meetings.decision_view", "decision"),
        ("risklog.experiment_view", "experiment"),
        ("incidents.incident_view", "incident"),
    ):
        without = [
            replace(one, permission="nobody.has_this") if one.permission == name else one
            for one in marks._readers
        ]
        with monkeypatch.context() as patched:
            patched.setattr(marks, "_readers", without)
            assert set(references(marks_of(*asked))) == set(made.values()) - {made[kind]}

    reader.is_active = False
    with django_assert_num_queries(0):
        assert marks_of(*asked) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_latest_marks_of_all_kinds_are_shown(monkeypatch, number):
    model, reader = catalogue.model(), people.user()
    one_of_each(model)
    found = marks_of(reader, [model.pk], *PERIOD)
    monkeypatch.setattr(marks, "MAX_MARKS", number)

    assert marks_of(reader, [model.pk], *PERIOD) == found[-number:]


def test_decisions_about_a_model_and_about_what_belongs_to_it_are_marked():
    model, other, reader = catalogue.model(), catalogue.model(), people.user()
    about = (model.subject, signals.series(model).subject)
    made = [meetings.decision(about=subject, at=AT - HOUR).reference for subject in about]
    meetings.decision(about=other.subject, at=AT - HOUR)

    found = marks_of(reader, [model.pk], *PERIOD)

    assert references(found) == made
    assert {mark["model"] for mark in found} == {model.pk}
