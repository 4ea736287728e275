"""The list of thresholds: rules in force, what is proposed, muted and noisy."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM, Actor
from people.states import Role
from signals.operations import mute, threshold
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LIST = "/signals/thresholds/"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def test_an_empty_list_says_where_thresholds_are_proposed(client, ana):
    assert "Propose one on the page of a series" in client.get(LIST).content.decode()
    assert "No thresholds match these filters" in client.get(f"{LIST}?state=noisy").content.decode()


def test_it_costs_the_same_for_one_and_for_three_thresholds(client, ana):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    catalogue.model("fraud-score")
    signals.agreed(signals.series())
    count()
    few = count()
    for feature in ("income", "visits"):
        signals.agreed(signals.series(feature=feature))

    assert (count(), few <= 15) == (few, True)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("active", {"muted", "plain", "trigger"}),
        ("proposed", {"waits", "plain"}),
        ("none", {"waits"}),
        ("muted", {"muted"}),
        ("trigger", {"trigger"}),
        ("noisy", set()),
    ],
)
def test_the_filter_tells_states_apart(client, ana, state, expected):
    model = catalogue.model("fraud-score")
    by = Actor(ana, "page")
    plain = signals.agreed(signals.series(model, "a"), name="plain").threshold
    threshold.propose(plain, warning=3.0, reason="Less", by=by, at=AT)
    signals.agreed(signals.series(model, "b"), name="trigger", is_retraining_trigger=True)
    muted = signals.agreed(signals.series(model, "c"), name="muted").threshold
    mute.add(muted, ends_at=AT + HOUR, reason="Rebuilt", by=by, at=AT)
    threshold.propose(signals.series(model, "d"), name="waits", warning=1.0, reason="New", by=SYSTEM, at=AT)

    rows = client.get(f"/api/v1/thresholds?state={state}").json()["results"]
    page = client.get(f"{LIST}?state={state}").content.decode()

    assert {row["name"] for row in rows} == expected
    assert {name for name in ("muted", "plain", "trigger", "waits") if f">{name}</a>" in page} == expected


def test_thresholds_of_a_restricted_model_are_not_listed_for_others(client, ana):
    catalogue.model("canary", viewers=[people.team().subject_id])
    signals.agreed(signals.series("canary"))

    assert "canary" not in client.get(LIST).content.decode()
