"""What a version changes against the one before it, and how soon a crossing reopens its breach."""

from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from people.states import Role
from signals.models import Breach, BreachGroup
from signals.operations import threshold
from signals.thresholds import Rule, problems
from tests.conftest import AT
from tests.factories import people, signals

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def test_a_version_is_compared_with_the_last_one_that_was_in_force(ana, client):
    first = signals.agreed(signals.series(), warning=0.2)
    found = first.threshold
    declined = threshold.propose(found, warning=9.0, reason="Too far.", by=SYSTEM, at=AT)
    threshold.decline(declined, reason="No.", by=SYSTEM, at=AT)
    threshold.propose(found, warning=0.3, critical=0.5, reopen_hours=2.0, reason="Less.", by=SYSTEM, at=AT)

    rows = client.get(f"/api/v1/thresholds/{found.pk}/versions").json()["results"]
    page = " ".join(client.get(f"/signals/thresholds/{found.pk}/").content.decode().split())

    newest = max(rows, key=lambda row: row["number"])
    assert newest["compared_with"] == 1
    assert newest["differences"] == [
        {"field": "warning", "before": 0.2, "after": 0.3},
        {"field": "critical", "before": None, "after": 0.5},
        {"field": "reopen_hours", "before": None, "after": 2.0},
    ]
    assert min(rows, key=lambda row: row["number"])["differences"] == []
    assert "Against version 1: Warning limit 0.2 → <b>0.3</b>, Critical limit none → <b>0.5</b>" in page


@pytest.mark.parametrize(("hours", "breaches", "groups"), [(None, 1, 1), (1.0, 2, 2), (72.0, 1, 1)])
def test_a_threshold_says_how_soon_a_crossing_reopens_its_breach(hours, breaches, groups):
    found = signals.series()
    signals.agreed(found, warning=0.2, reopen_hours=hours)

    signals.push(found, 0.3, 0.1)
    signals.push(found, 0.3, start=AT + 10 * HOUR)

    assert (Breach.objects.count(), BreachGroup.objects.count()) == (breaches, groups)


def test_after_more_than_a_day_only_a_longer_window_reopens():
    for model, hours, expected in (("a", None, 2), ("b", 72.0, 1)):
        found = signals.series(model)
        signals.agreed(found, warning=0.2, reopen_hours=hours)
        signals.push(found, 0.3, 0.1)
        signals.push(found, 0.3, start=AT + 40 * HOUR)
        assert Breach.objects.filter(series=found).count() == expected


def test_the_window_must_be_a_time():
    assert list(problems(Rule(warning=1, reopen_hours=-1))) == ["reopen_hours"]
    assert problems(Rule(warning=1, reopen_hours=0)) == {}
