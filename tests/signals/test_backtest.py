"""A rule is tested on the stored points, beside the rule in force and what reviewers said."""

from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from kit.actor import SYSTEM
from people.states import Role
from riskhub import schedule
from risklog.models import Review
from risklog.operations import review
from signals.models import BreachGroup
from signals.queries.backtest import _overlapping, _PastBreach, backtest
from signals.queries.version import rule_of
from signals.rolling import SortedWindow
from signals.states import BreachLevel
from signals.thresholds import CrossingSpan, Rule
from tests.conftest import AT
from tests.factories import catalogue, people, signals

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def ana(client, db):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def watched(ana):
    """Two breaches, four days apart: the first one was called real, the second one a false alarm."""
    model = catalogue.model("fraud-score", owner_team=people.team("Growth ML", lead=ana))
    found = signals.series(model, values=[0.1])
    signals.agreed(found, warning=0.2)
    for start, value, outcome in ((AT + DAY, 0.5, "confirmed"), (AT + 5 * DAY, 0.3, "false_alarm")):
        signals.push(found, value, start=start)
        schedule.act(start)
        signals.push(found, 0.1, start=start + HOUR)
        open_one = Review.objects.filter(state="open").get()
        review.settle(open_one, outcome=outcome, reason="Checked.", by=SYSTEM, at=start + HOUR)
    return found


def result_of(user, on, rule, **options):
    present = rule_of(on.thresholds.get().versions.get(state="active"))
    return backtest(user, on, rule, present, at=AT + 10 * DAY, **options)


def test_it_says_what_each_rule_would_have_opened_and_what_people_called_it(watched, ana):
    test = result_of(ana, watched, Rule(warning=0.4))

    assert (test.proposed.count, test.present.count, test.points) == (1, 2, 5)
    assert (test.proposed.called["real"], test.proposed.called["noise"]) == (1, 0)
    assert (test.present.called["real"], test.present.called["noise"]) == (1, 1)
    assert test.proposed.missed == []
    assert test.proposed.crossings[0].reference == BreachGroup.objects.earliest("id").reference


def test_a_real_breach_that_the_proposed_rule_misses_is_named(watched, ana):
    test = result_of(ana, watched, Rule(warning=0.6))

    assert (test.proposed.count, test.proposed.missed) == (0, [BreachGroup.objects.earliest("id").reference])


def test_a_rule_that_needs_history_reads_the_points_before_the_period(watched, ana):
    rule = Rule("below", warning=20, kind="change", window_hours=4 * 24)

    (crossing,) = result_of(ana, watched, rule, days=6).proposed.crossings

    assert crossing.span.opened_at == AT + 5 * DAY


def test_silence_counts_up_to_the_present(watched, ana):
    (crossing, *_) = result_of(ana, watched, Rule(warning=48, kind="silence")).proposed.crossings

    assert (crossing.span.opened_at, crossing.span.is_open) == (AT + 5 * DAY + HOUR + 48 * HOUR, True)


def test_page_and_api_give_the_same_result(watched, client, move_clock):
    move_clock(AT + 10 * DAY)
    path = f"/signals/series/{watched.pk}"

    form = client.get(f"{path}/propose/").content.decode()
    page = client.get(f"{path}/backtest/", {"kind": "limit", "direction": "above", "warning": "0.4"})
    body = {"series": watched.pk, "warning": 0.4}
    answer = client.post("/api/v1/thresholds/backtest", body, content_type="application/json")

    assert f'formaction="{path}/backtest/"' in form
    text = page.content.decode()
    assert "Proposed: warning above 0.4" in text and "In force: warning above 0.2" in text
    assert "False alarm" in text
    assert answer.status_code == 200
    found = answer.json()
    assert (found["proposed"]["breaches"], found["present"]["breaches"]) == (1, 2)
    assert found["proposed"]["crossings"][0]["outcome"] == "Confirmed"


def test_a_rule_that_cannot_be_is_refused_by_field(watched, client):
    page = client.get(f"/signals/series/{watched.pk}/backtest/", {"warning": "2", "critical": "1"})
    body = {"series": watched.pk, "warning": 2, "critical": 1}
    answer = client.post("/api/v1/thresholds/backtest", body, content_type="application/json")

    assert (page.status_code, "Critical must lie above warning" in page.content.decode()) == (422, True)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "critical")


def test_a_series_that_the_reader_may_not_see_cannot_be_tested(client, ana):
    catalogue.model("canary", viewers=[people.team().subject_id])
    hidden = signals.series("canary")

    page = client.get(f"/signals/series/{hidden.pk}/backtest/", {"warning": "1"})
    body = {"series": hidden.pk, "warning": 1}
    answer = client.post("/api/v1/thresholds/backtest", body, content_type="application/json")

    assert (page.status_code, answer.status_code) == (404, 400)


def test_it_asks_the_same_number_of_questions_for_more_breaches(watched, ana):
    def count():
        with CaptureQueriesContext(connection) as queries:
            result_of(ana, watched, Rule(warning=0.25))
        return len(queries)

    count()  # loads what the reader may see
    few = count()
    signals.push(watched, 0.5, 0.1, start=AT + 8 * DAY)

    assert (count(), few <= 7) == (few, True)


@given(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40), st.integers(1, 12))
def test_a_moving_window_has_the_medians_of_its_values(values, size):
    window = SortedWindow(values)
    for end in range(1, len(values) + 1):
        start = max(end - size, 0)
        window.move(start, end)
        usual = median(values[start:end])
        assert window.median() == usual
        assert window.median_distance(usual) == median(abs(value - usual) for value in values[start:end])


@given(
    spans=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), max_size=8),
    past=st.lists(st.tuples(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 20))), max_size=8),
    is_open=st.booleans(),
)
def test_the_breaches_at_the_time_of_a_crossing_are_those_that_overlap_it(spans, past, is_open):
    hours, crossings = 0, []
    for gap, length in spans:
        start = hours + gap
        hours = start + length
        crossings.append(_span(start, hours))
    if is_open and crossings:
        crossings[-1] = replace(crossings[-1], cleared_at=None)
    breaches = [
        _PastBreach(f"B-{n}", _hour(start), None if length is None else _hour(start + length), None)
        for n, (start, length) in enumerate(past)
    ]

    found = _overlapping(crossings, breaches)

    for span, at_the_time in zip(crossings, found, strict=True):
        wanted = {
            breach.reference
            for breach in breaches
            if (span.cleared_at is None or breach.opened_at <= span.cleared_at)
            and (breach.cleared_at is None or breach.cleared_at >= span.opened_at)
        }
        assert {breach.reference for breach in at_the_time} == wanted


def _hour(number):
    return AT + timedelta(hours=number)


def _span(start, end):
    return CrossingSpan(_hour(start), BreachLevel.WARNING, 0.3, 0.3, _hour(end))
