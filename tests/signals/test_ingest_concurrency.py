"""Eight clients send the same 500 alerts in several orders: one row per key, the result of one client."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM
from people.operations import token
from signals.models import Alert, Breach, BreachGroup, Point, Series, Threshold
from tests.conftest import AT
from tests.factories import people, signals
from tests.signals.conftest import ALERTS, POINTS
from tests.signals.test_alert_operations import oracle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("arriving")]
CLIENTS = 8


def clients_post(address, bodies_of):
    """Post the bodies of each client, and send again after a 503. Returns all other answers."""
    person = people.user("Prometheus")
    _, text = token.issue(person, name="ingest", scope="ingest", by=SYSTEM, at=AT)

    def work(number):
        answers, client = [], Client()
        try:
            for body in bodies_of(number):
                for _ in range(5):
                    answer = client.post(
                        address,
                        json.dumps(body),
                        content_type="application/json",
                        headers={"Authorization": f"Bearer {text}"},
                    )
                    if answer.status_code != 503:
                        break
                answers.append((answer.status_code, answer.json()))
        finally:
            connections.close_all()
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [one for some in pool.map(work, range(CLIENTS)) for one in some]


def test_the_same_alerts_from_eight_clients(at):
    told = []
    for n in range(250):
        where = {"model": f"model-{n % 7}", "rule": f"Rule{n % 5}"}
        starts = at - timedelta(hours=n % 50 + 1)
        told.append(signals.sent_alert(f"f{n}", starts=starts, **where))
        if n % 3 == 0:
            told.append(signals.sent_alert(f"f{n}", starts=starts, status="resolved", ends=at, **where))
        elif n % 3 == 1:
            told.append(signals.sent_alert(f"f{n}", starts=starts + timedelta(minutes=30), **where))
        else:
            told.append(signals.sent_alert(f"f{n}", starts=starts, **where))

    def bodies_of(number):
        rng = random.Random(number)
        mixed = rng.sample(told, len(told)) + rng.sample(told, 100)
        while mixed:
            size = rng.choice([1, 10, 60, 150])
            yield {"version": "4", "alerts": mixed[:size]}
            del mixed[:size]

    answers = clients_post(ALERTS, bodies_of)

    assert {status for status, _ in answers} == {202}
    wanted = oracle(told)
    found = {
        (fingerprint, starts.isoformat()): fires
        for fingerprint, starts, fires in Alert.objects.values_list("fingerprint", "starts_at", "is_firing")
    }
    assert found == wanted
    states = Alert.objects.values_list("is_firing", "breach__state")
    assert set(states) == {(True, "open"), (False, "cleared")}
    assert Breach.objects.count() == len(wanted)
    assert sum(body["stored"] for _, body in answers) >= len(wanted)
    for group in BreachGroup.objects.prefetch_related("breaches"):
        is_open = any(breach.state == "open" for breach in group.breaches.all())
        assert group.state == ("open" if is_open else "cleared")
    assert BreachGroup.objects.filter(state="open").count() == 35
    assert Threshold.objects.count() == 5
    assert Series.objects.count() == 250
    assert Event.objects.filter(verb="signals.series_added").count() == 250


def test_the_same_points_from_eight_clients(at):
    moments = [(at - timedelta(minutes=n)).isoformat() for n in range(20)]
    points = [
        {"model": f"m{n % 9}", "metric": f"metric-{n % 13}", "ts": ts, "value": n / 10}
        for n in range(40)
        for ts in moments
    ]
    distinct = {(p["model"], p["metric"], p["ts"]): p["value"] for p in points}
    bodies = [p | {"value": distinct[p["model"], p["metric"], p["ts"]]} for p in points]

    def bodies_of(number):
        rng = random.Random(number)
        mixed = rng.sample(bodies, len(bodies))
        while mixed:
            yield {"points": mixed[:100]}
            del mixed[:100]

    answers = clients_post(POINTS, bodies_of)

    assert {status for status, _ in answers} == {202}
    assert sum(body["stored"] for _, body in answers) == len(distinct) == Point.objects.count()
    assert sum(body["corrected"] for _, body in answers) == 0
    assert Series.objects.filter(latest_ts=at).count() == Series.objects.count() == 40


def test_crossings_from_eight_clients_open_one_breach_a_series(at):
    names = [f"f{n}" for n in range(12)]
    for name in names:
        signals.agreed(signals.series(feature=name, values=(0.0, 0.0)))
    clock_at = at + timedelta(minutes=1)
    body = [
        {"model": "fraud-score", "metric": "psi", "feature": name, "ts": clock_at.isoformat(), "value": 0.9}
        for name in names
    ]

    def bodies_of(number):
        rng = random.Random(number)
        yield from ({"points": rng.sample(body, 6)} for _ in range(10))

    answers = clients_post(POINTS, bodies_of)

    assert {status for status, _ in answers} == {202}
    assert Breach.objects.count() == 12
    assert BreachGroup.objects.count() == 1
