"""The register of the benchmark: the copies of risks that make it large."""

import pytest
from django.db.models import Count

from bench.register.copies import add_copies
from history import queries, search, writing
from history.models import Event, Subject
from risklog.models import Risk
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def register():
    """Two risks of three teams, of which one is restricted, and four copies."""
    team = people.team()
    people.team(), people.team()
    risks.risk("Score drift 0", team=team)
    risks.restricted("Latency 1", team)
    add_copies(6)
    return team


def test_a_copy_is_complete_and_has_its_own_history(register):
    assert Risk.objects.count() == 6
    assert Subject.objects.filter(kind="risk").aggregate(n=Count("reference", distinct=True))["n"] == 6
    for risk in Risk.objects.select_related("subject"):
        assert risk.subject.object_id == risk.pk
        assert risk.subject.title == risk.title
        assert Event.objects.filter(subject=risk.subject, verb="risklog.risk_opened").count() == 1
        assert queries.rebuilt("risklog.risk", risk.pk) == writing.snapshot(risk)


def test_titles_have_numbers_of_their_own_and_are_found(register):
    titles = set(Risk.objects.values_list("title", flat=True))
    assert titles == {
        f"{name} {number}"
        for name, numbers in {"Score drift": (0, 2, 4), "Latency": (1, 3, 5)}.items()
        for number in numbers
    }
    reader = people.user(teams=list(people.Team.objects.all()))
    found = search.search(reader, "score drift 4", ["risk"]).order_by("-fit").first()
    assert found is not None
    assert found.title == "Score drift 4"


def test_a_copy_of_a_restricted_risk_is_restricted_to_its_own_team(register):
    copies = list(Risk.objects.filter(title__in=("Latency 3", "Latency 5")).select_related("subject", "team"))
    assert len({risk.team_id for risk in copies}) == 2
    assert [risk.subject.viewers for risk in copies] == [[risk.team.subject_id] for risk in copies]
