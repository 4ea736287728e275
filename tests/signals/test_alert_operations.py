"""Alerts in any order and with repeats give the same alerts, breaches and groups."""

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event
from signals.mapping import alertmanager as mapping
from signals.models import Alert, Breach, BreachGroup, Delivery, Point, Series, Threshold
from signals.operations import alert
from tests.factories import catalogue, signals
from tests.signals.conftest import ALERTS

pytestmark = pytest.mark.django_db
BODIES = sorted((Path(__file__).parent / "alertmanager").glob("*.json"))
MINUTE = timedelta(minutes=1)


def standing():
    """Return the result without ids: alert -> firing, its breach, its level, and its group's state."""
    rows = Alert.objects.values_list(
        "fingerprint", "starts_at", "is_firing", "breach__state", "breach__level", "breach__group__state"
    )
    return {(fingerprint, starts): tuple(rest) for fingerprint, starts, *rest in rows}


def oracle(alerts):
    """The simple model: the newest start of a fingerprint fires, unless it was reported as resolved."""
    newest, resolved, keys = {}, set(), set()
    for told in alerts:
        key = (told["fingerprint"], told["startsAt"])
        keys.add(key)
        newest[key[0]] = max(newest.get(key[0], ""), key[1])
        if told["status"] == "resolved":
            resolved.add(key)
    return {key: newest[key[0]] == key[1] and key not in resolved for key in keys}


def bodies():
    return [json.loads(path.read_text()) for path in BODIES]


def test_the_bodies_of_the_real_tool_in_their_order(sender):
    catalogue.model("churn-scorer", name="Churn scorer")

    for path in BODIES:
        assert sender(ALERTS, path.read_bytes()).status_code == 202, path.name

    told = [one for body in bodies() for one in body["alerts"]]
    assert Alert.objects.count() == len({(one["fingerprint"], one["startsAt"]) for one in told})
    assert not Alert.objects.filter(is_firing=True).exists()
    assert not Breach.objects.filter(state="open").exists()
    assert dict(Threshold.objects.values_list("name", "versions__warning")) == {
        "ModelFeatureDriftHigh": 0.25,
        "ModelFeatureNullsHigh": None,
        "ModelLatencyP95High": None,
    }
    groups = BreachGroup.objects.values_list("title", "kind", "level", "state")
    drift = ("ModelFeatureDriftHigh on Churn scorer", "drift", 1, "cleared")
    assert drift in groups
    assert {kind for _, kind, _, _ in groups} == {"drift", "data_quality", "performance"}
    assert Delivery.objects.filter(status=202).count() == len(BODIES)


def test_the_real_bodies_in_any_order_and_again_leave_the_same(at):
    wanted = {
        (fingerprint, starts): fires
        for (fingerprint, starts), fires in oracle(
            [one for body in bodies() for one in body["alerts"]]
        ).items()
    }
    for seed in range(3):
        shuffled = bodies() * 2
        random.Random(seed).shuffle(shuffled)
        of = signals.source(f"shuffled-{seed}", adapter="alertmanager")
        for body in shuffled:
            heard = mapping.read(body, of.mapping, at=at + timedelta(hours=3))
            alert.take(heard, source=of, by=signals.SYSTEM, at=at + timedelta(hours=3))

        rows = Alert.objects.filter(source=of).values_list("fingerprint", "starts_at", "is_firing")
        found = {
            (f, s.isoformat(timespec="milliseconds").replace("+00:00", "Z")): fires for f, s, fires in rows
        }
        assert found == wanted, seed
        assert Breach.objects.filter(alert__source=of).count() == len(wanted)
        open_breaches = Breach.objects.filter(alert__source=of, state="open").count()
        assert open_breaches == sum(wanted.values())


def test_repeats_say_nothing_new_and_write_no_history(at):
    told = [signals.sent_alert("age"), signals.sent_alert("income")]
    signals.alerts(*told, at=at)
    before = Event.objects.count()

    again = signals.alerts(*told, at=at + timedelta(hours=4))

    assert again.results == ["duplicate"] * 2
    assert Event.objects.count() == before
    assert Alert.objects.first().seen_at == at + timedelta(hours=4)


def test_resolved_closes_only_its_own_and_a_late_firing_reopens_nothing(at):
    signals.alerts(signals.sent_alert("age"), signals.sent_alert("income"), at=at)
    signals.alerts(signals.sent_alert("age", status="resolved", ends=at + MINUTE), at=at + 2 * MINUTE)

    late = signals.alerts(signals.sent_alert("age"), at=at + 3 * MINUTE)

    assert late.results == ["duplicate"]
    assert {breach.feature: breach.state for breach in Breach.objects.all()} == {
        "age": "cleared",
        "income": "open",
    }
    assert BreachGroup.objects.get().state == "open"
    assert Breach.objects.get(feature="age").cleared_at == at + MINUTE


def test_a_newer_start_of_the_same_alert_ends_the_older(at):
    signals.alerts(signals.sent_alert(starts=at), at=at)
    signals.alerts(signals.sent_alert(starts=at + 5 * MINUTE), at=at + 5 * MINUTE)
    signals.alerts(signals.sent_alert(starts=at - 5 * MINUTE), at=at + 6 * MINUTE)

    rows = Alert.objects.order_by("starts_at").values_list("is_firing", "ends_at", "breach__state")
    assert list(rows) == [
        (False, at, "cleared"),
        (False, at + 5 * MINUTE, "cleared"),
        (True, None, "open"),
    ]
    assert BreachGroup.objects.count() == 1


def test_an_alert_without_a_start_starts_when_it_is_received(at):
    signals.alerts(signals.sent_alert(starts=None), at=at)
    signals.alerts(signals.sent_alert(starts=None), at=at + MINUTE)
    assert Alert.objects.get().starts_at == at

    signals.alerts(signals.sent_alert(starts=None, status="resolved"), at=at + 2 * MINUTE)
    assert Alert.objects.get().ends_at == at + 2 * MINUTE
    signals.alerts(signals.sent_alert(starts=None), at=at + 3 * MINUTE)

    assert Alert.objects.filter(is_firing=True).get().starts_at == at + 3 * MINUTE
    assert BreachGroup.objects.get().state == "open"


@pytest.mark.parametrize("fires_first", [True, False])
def test_a_repeated_end_without_a_start_changes_nothing(at, fires_first):
    if fires_first:
        signals.alerts(signals.sent_alert(starts=None), at=at)
    first = signals.alerts(signals.sent_alert(status="resolved", starts=None), at=at + timedelta(minutes=1))
    before = Event.objects.count()

    again = [
        signals.alerts(
            signals.sent_alert(status="resolved", starts=None), at=at + timedelta(minutes=n)
        ).results
        for n in (2, 3)
    ]

    assert (first.results, again) == (["stored"], [["duplicate"], ["duplicate"]])
    assert (Alert.objects.count(), Breach.objects.count()) == (1, 1)
    assert Event.objects.count() == before
    refired = signals.alerts(signals.sent_alert(starts=None), at=at + timedelta(minutes=4))
    assert (refired.results, Alert.objects.filter(is_firing=True).count()) == (["stored"], 1)


def test_a_resolved_that_came_first_is_an_end_all_the_same(at):
    signals.alerts(signals.sent_alert(status="resolved", ends=at + MINUTE), at=at + MINUTE)
    signals.alerts(signals.sent_alert(), at=at + 2 * MINUTE)

    assert (Alert.objects.get().is_firing, Breach.objects.get().state) == (False, "cleared")
    assert BreachGroup.objects.get().state == "cleared"


def test_the_same_cause_within_a_day_reopens_its_group(at):
    signals.alerts(signals.sent_alert(), at=at)
    signals.alerts(signals.sent_alert(status="resolved", ends=at + MINUTE), at=at + MINUTE)
    later = at + timedelta(hours=20)

    signals.alerts(signals.sent_alert(starts=later), at=later)

    group = BreachGroup.objects.get()
    assert (group.state, group.cleared_at, group.breaches.count()) == ("open", None, 2)
    far = at + timedelta(days=3)
    signals.alerts(
        signals.sent_alert(starts=later, status="resolved", ends=later + MINUTE), at=later + MINUTE
    )
    signals.alerts(signals.sent_alert(starts=far), at=far)
    assert BreachGroup.objects.count() == 2


def test_causes_are_kept_apart_by_rule_model_and_kind(at):
    signals.alerts(
        signals.sent_alert(),
        signals.sent_alert(rule="NullsHigh"),
        signals.sent_alert(model="churn"),
        signals.sent_alert(category="performance", feature="fee"),
        at=at,
    )

    assert BreachGroup.objects.count() == 4


def test_without_fingerprint_model_or_labels_an_alert_is_still_kept(at):
    bare = {"status": "firing"}
    signals.alerts(bare, bare, {"status": "firing", "labels": {"alertname": "Odd", "x": "1"}}, at=at)
    signals.alerts(bare, at=at + MINUTE)

    assert Alert.objects.count() == 2
    assert set(BreachGroup.objects.values_list("title", flat=True)) == {
        "(unnamed rule) (no model named)",
        "Odd (no model named)",
    }
    assert set(BreachGroup.objects.values_list("kind", "level")) == {("data_quality", 1)}


def test_a_source_maps_labels_of_its_own(at):
    of = signals.source("lab", adapter="alertmanager")
    of.mapping = {"model": ["service"], "kind": ["team"], "kinds": {"serving": "latency"}}
    body = {
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "A", "service": "fraud", "team": "serving", "severity": "page"},
            }
        ]
    }

    (told,) = mapping.read(body, of.mapping, at=at).alerts

    assert (told.model_name, told.kind, told.level) == ("fraud", "latency", 2)


def test_values_become_points_of_a_series(at):
    signals.alerts(signals.sent_alert(value="0.31"), at=at)
    signals.alerts(signals.sent_alert(value="0.35"), at=at + timedelta(seconds=30))
    signals.alerts(signals.sent_alert(value="0.42"), at=at + 2 * MINUTE)
    signals.alerts(signals.sent_alert(value="oops"), at=at + 3 * MINUTE)

    series = Series.objects.get()
    assert (series.metric, series.kind, series.feature) == ("FeatureDriftHigh", "drift", "age")
    assert list(Point.objects.order_by("ts").values_list("value", flat=True)) == [0.31, 0.42]
    assert Breach.objects.get().worst_value == 0.42
    assert series.latest_value == 0.42


def test_truncated_alerts_are_shown_and_close_nothing(sender):
    sender(ALERTS, {"alerts": [signals.sent_alert("age"), signals.sent_alert("income")]})

    sender(ALERTS, {"alerts": [signals.sent_alert("age")], "truncatedAlerts": 7})

    assert Delivery.objects.latest("id").truncated_alerts == 7
    assert Alert.objects.filter(is_firing=True).count() == 2


def test_a_body_costs_the_same_for_any_number_of_alerts(at):
    catalogue.model("fraud-score")
    signals.alerts(signals.sent_alert("first"), at=at)
    counts = {}
    for size in (3, 200):
        told = [signals.sent_alert(f"{size}-{n}") for n in range(size)]
        ends = [one | {"status": "resolved", "endsAt": at.isoformat()} for one in told]
        for step, some in (("new", told), ("again", told), ("resolved", ends)):
            signals.source("alertmanager", adapter="alertmanager")
            with CaptureQueriesContext(connection) as caught:
                signals.alerts(*some, at=at)
            counts.setdefault(step, []).append(len(caught))

    assert all(few == many for few, many in counts.values()), counts
    assert standing()
