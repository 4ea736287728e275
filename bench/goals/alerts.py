"""Goal 12: from an alert's first byte to the committed review request, with the shipped worker."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import redis

from bench import client, figures
from bench.figures import Line
from bench.run import Run
from catalogue.models import Model
from signals.models import Source
from signals.states import Adapter

EACH = 12
RATE, SECONDS = 50, 10
SENDERS = 4
WAIT = 30.0
ADDRESS = "/api/v1/intake/alertmanager/bench-alerts"
# PostgreSQL sends a notification at the commit, so no polling is needed.
_TELL = """
CREATE OR REPLACE FUNCTION bench_review_is_there() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bench_review', b.feature)
    FROM signals_breachgroup g JOIN signals_breach b ON b.group_id = g.id WHERE g.subject_id = NEW.about_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER bench_review_is_there AFTER INSERT ON risklog_review
FOR EACH ROW EXECUTE FUNCTION bench_review_is_there();
"""


class Watch:
    """Gets a notification when a review request is committed. Needs the owner, to add a trigger."""

    def __init__(self, owner_url: str, url: str) -> None:
        self.seen: dict[str, float] = {}
        self._owner_url, self._url = owner_url, url
        self._news, self._is_done = threading.Condition(), False
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Watch:
        with psycopg.connect(self._owner_url, autocommit=True) as owner:
            owner.execute(_TELL)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_done = True
        self._thread.join()

    def _listen(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("LISTEN bench_review")
            while not self._is_done:
                for notice in connection.notifies(timeout=0.5):
                    with self._news:
                        self.seen.setdefault(notice.payload, time.perf_counter())
                        self._news.notify_all()

    def when(self, feature: str, seconds: float = WAIT) -> float | None:
        """Return the moment of the commit; None if the review was not committed in time."""
        with self._news:
            self._news.wait_for(lambda: feature in self.seen, timeout=seconds)
            return self.seen.get(feature)


class Alerts:
    """Alerts of known rules, each with a different cause."""

    def __init__(self, run: Run) -> None:
        self.token = run.token("ingest")
        self.models = list(Model.objects.order_by("id").values_list("slug", flat=True))
        self.tag = str(time.time_ns())[-9:]
        self.number = 0
        self.is_new_rule = False  # whether each alert names a new rule

    def next(self) -> tuple[str, bytes]:
        """Return the feature that identifies the next alert, and the request."""
        feature, alert = self._next_alert()
        return feature, self._request([alert])

    def batch(self, count: int) -> bytes:
        """Return one request with `count` alerts."""
        return self._request([self._next_alert()[1] for _ in range(count)])

    def of_few_rules(self, count: int, of_a_rule: int) -> tuple[str, bytes]:
        """Return the begin of the features of `count` alerts of one model, and the request."""
        first = self.number
        self.number += count
        features = f"f{self.tag}-{first}-"
        alerts = [
            self._alert(f"Rule{self.tag}-{first + n // of_a_rule}", self.models[0], f"{features}{n}")
            for n in range(count)
        ]
        for n, alert in enumerate(alerts):
            alert["fingerprint"] = f"{features}{n}"
        return features, self._request(alerts)

    def rules(self, count: int) -> list[bytes]:
        """Return a first alert of each rule that `count` alerts need, for an unknown model."""
        rules = range(-(-count // len(self.models)) + 1)
        return [
            self._request([self._alert(f"Rule{self.tag}-{rule}", "unknown-model", f"w{self.tag}")])
            for rule in rules
        ]

    def _next_alert(self) -> tuple[str, dict[str, Any]]:
        number = self.number
        self.number += 1
        rule, model = divmod(number, len(self.models))
        if self.is_new_rule:
            rule, model = number, number % len(self.models)
        feature = f"f{self.tag}-{number}"
        return feature, self._alert(f"Rule{self.tag}-{rule}", self.models[model], feature)

    def _request(self, alerts: list[dict[str, Any]]) -> bytes:
        body = orjson.dumps({"version": "4", "status": "firing", "alerts": alerts})
        return client.request(ADDRESS, headers=self.token, body=body)

    def _alert(self, rule: str, model: str, feature: str) -> dict[str, Any]:
        labels = {"alertname": rule, "model": model, "feature": feature, "severity": "warning"}
        return {
            "status": "firing",
            "labels": labels | {"category": "drift"},
            "annotations": {"summary": f"{rule} of {feature}"},
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org/graph",
            "fingerprint": f"{rule}-{model}",
        }


def review_of_alert(run: Run) -> Line:
    """Measure goal 12."""
    line = Line(12, "alert to committed review, to bare create + Celery", "≤ 2; p95 ≤ 50 ms at 50 alerts/s")
    with run.ground.worker(), yardstick_celery(run) as celery, watch_reviews() as watch:
        alerts = Alerts(run)
        _warm(run, alerts, watch)
        ours, bare, ways = [], [], []
        for number in range(run.rounds * EACH):
            found = _one(run, alerts, watch)
            if found is None:
                line.met, line.why = False, f"The review of alert {number} was not committed in {WAIT:g} s."
                return line
            ours.append(found)
            bare.append(bare_create(run, number))
            ways.append(celery.trip())
            time.sleep(0.02)
        at_rate, lost = send_at_rate(run, alerts, watch)
    floors = [one + way for one, way in zip(bare, ways, strict=True)]
    rounds = [slice(n, n + EACH) for n in range(0, len(ours), EACH)]
    ratio = figures.ratios(
        [figures.percentile(ours[one], 0.5) for one in rounds],
        [figures.percentile(floors[one], 0.5) for one in rounds],
    )
    line.figure, line.least, line.greatest = ratio.median, ratio.least, ratio.greatest
    p95 = 1000 * figures.percentile(at_rate, 0.95) if at_rate else 0.0
    line.met = ratio.median <= 2 and not lost and p95 <= 50
    line.why = (
        f"Median {1000 * figures.percentile(ours, 0.5):.1f} ms; at {RATE} alerts a second for {SECONDS} s"
        f" median {1000 * figures.percentile(at_rate, 0.5) if at_rate else 0:.0f} ms, p95 {p95:.0f} ms"
        + (f", {lost} reviews are missing." if lost else ".")
    )
    line.details = {
        "median_ms": round(1000 * figures.percentile(ours, 0.5), 2),
        "create_ms": round(1000 * figures.percentile(bare, 0.5), 2),
        "celery_ms": round(1000 * figures.percentile(ways, 0.5), 2),
        "p95_at_rate_ms": round(p95, 1),
        "alerts_at_rate": len(at_rate) + lost,
        "lost": lost,
    }
    return line


def watch_reviews() -> Watch:
    return Watch(os.environ["DATABASE_OWNER_URL"], os.environ["DATABASE_URL"])


def _warm(run: Run, alerts: Alerts, watch: Watch) -> None:
    for sent in alerts.rules(run.rounds * EACH + RATE * SECONDS + 20):
        _taken(client.ask(run.ours.port, sent))
    for _ in range(10):
        _one(run, alerts, watch)


def _one(run: Run, alerts: Alerts, watch: Watch) -> float | None:
    feature, sent = alerts.next()
    began = time.perf_counter()
    _taken(client.ask(run.ours.port, sent))
    ended = watch.when(feature)
    return None if ended is None else ended - began


def _taken(answer: tuple[int, bytes]) -> None:
    if answer[0] != 202 or b'"stored":1,' not in answer[1]:
        raise RuntimeError(f"An alert was not accepted: {answer[0]} {answer[1][:300]!r}")


def send_at_rate(
    run: Run, alerts: Alerts, watch: Watch, *, rate: int = RATE, seconds: int = SECONDS
) -> tuple[list[float], int]:
    """Send at fixed times, also if the previous alert has no answer yet, so that waiting time counts."""
    planned = [alerts.next() for _ in range(rate * seconds)]
    start = time.perf_counter() + 0.2

    def send(first: int) -> None:
        connection = client.Connection(run.ours.port)
        for number in range(first, len(planned), SENDERS):
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
            _taken(connection.ask(planned[number][1]))
        connection.close()

    threads = [threading.Thread(target=send, args=(number,), daemon=True) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until = time.perf_counter() + WAIT
    seen = [watch.when(feature, max(0.0, until - time.perf_counter())) for feature, _ in planned]
    found = [moment - (start + n / rate) for n, moment in enumerate(seen) if moment is not None]
    return found, sum(moment is None for moment in seen)


def bare_create(run: Run, number: int) -> float:
    now = datetime.now(UTC).isoformat()
    body = {
        "source": _source(),
        "fingerprint": f"bare-{time.time_ns()}-{number}",
        "starts_at": now,
        "name": "Bare",
        "labels": {"model": "model-1"},
        "annotations": {"summary": "Bare"},
        "received_at": now,
        "seen_at": now,
    }
    sent = client.request("/alerts", body=orjson.dumps(body))
    began = time.perf_counter()
    code, answer = client.ask(run.yardstick.port, sent)
    if code != 201:
        raise RuntimeError(f"The bare create answered {code}: {answer[:300]!r}")
    return time.perf_counter() - began


def _source() -> int:
    found = Source.objects.filter(slug="bench-alerts", adapter=Adapter.ALERTMANAGER).first()
    assert found is not None  # the first alert created it
    return found.pk


class CeleryHop:
    """The yardstick's worker: one task that notes when it began."""

    def __init__(self) -> None:
        from bench.yardstick import tasks

        self._tasks = tasks
        self._store = redis.Redis.from_url(tasks.URL, socket_timeout=90)
        self._store.flushdb()

    def trip(self) -> float:
        """Return the seconds from the sending of a task to its begin."""
        began = time.time()
        self._tasks.begin.delay()
        found = self._store.blpop([self._tasks.BEGUN], timeout=60)
        if found is None:
            raise RuntimeError("The yardstick's worker does not answer.")
        return float(found[1]) - began


@contextmanager
def yardstick_celery(run: Run) -> Iterator[CeleryHop]:
    command = [sys.executable, "-m", "celery", "-A", "bench.yardstick.tasks", "worker", "--pool", "prefork"]
    command += ["--concurrency", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    with run.ground.program("yardstick-worker", command):
        celery = CeleryHop()
        for _ in range(10):
            celery.trip()
        yield celery
