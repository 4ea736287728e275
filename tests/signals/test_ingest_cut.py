"""Senders that disconnect: after a whole body but before the reply, or within a body. All are sent again.

The tests use the real web server on the test database, because Django's test client cannot disconnect.
"""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from people.operations import token
from signals.models import Alert, Breach, Point
from tests.conftest import AT
from tests.factories import people, signals
from tests.signals.conftest import ALERTS, POINTS
from tests.web_server import ask, hang_up, web_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(transactional_db):
    """The port of a web server with two processes, on the test database, with its clock stopped at AT."""
    with web_server(at=AT) as port:
        yield port


@pytest.fixture
def headers():
    _, text = token.issue(people.user("Prometheus"), name="ingest", scope="ingest", by=SYSTEM, at=AT)
    return {"Authorization": f"Bearer {text}", "Content-Type": "application/json"}


def _cut_then_replay(port, path, bodies, headers):
    """Cut off each body some times, then send it until it is accepted. Returns the last answers."""

    def send(number):
        rng, body = random.Random(number), bodies[number]
        for _ in range(rng.randint(1, 3)):
            whole = rng.random() < 0.7
            hang_up(port, path, body, headers, after=len(body) if whole else rng.randrange(len(body)))
        for _ in range(8):
            status, said = ask(port, "POST", path, body, headers)
            if status != 503:
                return status, json.loads(said)
            time.sleep(0.2)
        return status, {}

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(send, range(len(bodies))))


def test_what_was_cut_before_the_reply_and_sent_again_is_one_row_a_key(server, headers):
    rng = random.Random(13)
    told = [
        signals.sent_alert(f"f{n}", model=f"model-{n % 5}", starts=AT - timedelta(hours=n % 20 + 1))
        for n in range(120)
    ]
    alerts = [{"version": "4", "alerts": rng.sample(told, 40) if n else told} for n in range(10)]
    points = [{"series": [_series(AT, range(first, first + 80))]} for first in range(0, 400, 40)]

    answers = _cut_then_replay(server, ALERTS, [json.dumps(one).encode() for one in alerts], headers)
    answers += _cut_then_replay(server, POINTS, [json.dumps(one).encode() for one in points], headers)

    _settled(lambda: (Alert.objects.count(), Point.objects.count()))
    assert {status for status, _ in answers} == {202}
    assert Alert.objects.count() == len({one["fingerprint"] for one in told}) == 120
    assert Breach.objects.filter(is_external=True).count() == 120
    assert Point.objects.filter(series__model_name="fraud-score").count() == 440


def _series(now, minutes):
    pairs = [[(now - timedelta(minutes=n)).isoformat(), n / 1000] for n in minutes]
    return {"model": "fraud-score", "metric": "psi", "points": pairs}


def test_a_key_of_a_cut_request_gives_the_answer_that_was_missed(server, headers):
    """The reply was lost, but not the effect: the same key does not act a second time."""
    body = json.dumps(
        {"version": "4", "alerts": [signals.sent_alert(starts=AT - timedelta(hours=1))]}
    ).encode()
    keyed = {**headers, "Idempotency-Key": "lost-reply-1"}
    hang_up(server, ALERTS, body, keyed, after=len(body))
    until = time.monotonic() + 10
    while not Alert.objects.exists() and time.monotonic() < until:
        time.sleep(0.05)

    status, said = ask(server, "POST", ALERTS, body, keyed)
    again = ask(server, "POST", ALERTS, body, keyed)

    assert (status, said) == again
    assert (status, Alert.objects.count()) == (202, 1)


def _settled(count):
    """Wait until no cut request is running any more."""
    before = None
    while before != (before := count()):
        time.sleep(0.5)
