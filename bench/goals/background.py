"""Goal 19: background work. How many tasks a batch sends, and how fast two workers process events."""

from __future__ import annotations

import resource
import subprocess
import sys

import redis
from django.conf import settings
from django.db import connection, transaction

from bench import client
from bench.figures import Line
from bench.goals.alerts import ADDRESS, Alerts
from bench.goals.points import new_series, points_body, stream_of_points
from bench.meter import Meter
from bench.run import Run
from catalogue.models import Model
from history import operations as history
from history import relay
from history.models import Handover
from history.states import Work
from kit.actor import SYSTEM
from riskhub.engine.home import ROOT

EVENTS = 4_000
WORKERS = 2
ALERTS = 100  # in one body
QUEUE = "celery"
# The cheapest event that a handler of another room handles.
VERB = "catalogue.model_registered"
_PROGRAM = "import django; django.setup(); from bench.goals import background; background.relay_all()"


def relay_all() -> None:
    """Relay all waiting handovers, in a worker process of the benchmark."""
    while relay.relay(limit=1000).done:
        pass


def events_handed_on(run: Run) -> Line:
    """Measure goal 19.

    No other worker may run: this process counts the tasks, and its workers do the work.
    """
    line = Line(
        19,
        f"tasks a batch; events processed by {WORKERS} workers",
        "≤ 1 task; ≥ 1,000 a second",
        unit="a second",
    )
    tasks = _tasks_of_batches(run)
    relay_all()
    first = _write_events(run)
    foreign, cpu = _run_workers(run)
    handed_on, left, seconds = _handed_on_since(first)
    line.figure = handed_on / seconds if seconds else None
    line.met = bool(line.figure and line.figure >= 1000 and not left and max(tasks.values()) <= 1)
    counted = ", ".join(f"{count} for {batch}" for batch, count in tasks.items())
    line.why = (
        f"Tasks: {counted}. {handed_on:,} handovers in {seconds:.1f} s, {left} left,"
        f" {1000 * cpu / max(handed_on, 1):.2f} ms of CPU of a worker each, its start included"
        f" ({foreign:.2f} cores of foreign load)."
    )
    line.details = {
        "tasks": tasks,
        "handovers": handed_on,
        "left": left,
        "seconds": round(seconds, 2),
        "worker_cpu_ms": round(1000 * cpu / max(handed_on, 1), 3),
        "foreign_cores": round(foreign, 2),
    }
    return line


def _tasks_of_batches(run: Run) -> dict[str, int]:
    """Return how many tasks each batch sends: batch -> tasks in the queue after it. No worker takes any."""
    from riskhub import schedule

    # A token is issued with an event, which would be counted too.
    token, alerts = run.token("ingest"), Alerts(run).batch(ALERTS)
    points = points_body(new_series(run, "tasks"), stream_of_points(run), token, crossing=True)
    return {
        "1,000 points that cross thresholds": _tasks_of(lambda: _taken(run, points)),
        f"{ALERTS} alerts of new rules": _tasks_of(lambda: _taken(run, alerts)),
        "the mails of all that follows": _tasks_of(schedule.hand_on),
    }


def _tasks_of(act) -> int:
    """Return how many tasks an act sends."""
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        store.delete(QUEUE)
        act()
        return int(store.llen(QUEUE))


def _taken(run: Run, sent: bytes) -> None:
    status, body = client.ask(run.ours.port, sent)
    if status != 202:
        raise RuntimeError(f"A batch for {ADDRESS} was not taken: {status} {body[:300]!r}")


def _write_events(run: Run) -> int:
    """Write EVENTS events and return the id of their first handover."""
    model = Model.objects.select_related("subject").order_by("id")[0]
    with transaction.atomic():
        for _ in range(EVENTS):
            history.record(model, VERB, by=SYSTEM, at=run.at)
    return Handover.objects.filter(state=Work.PENDING).order_by("id").values_list("id", flat=True)[0]


def _run_workers(run: Run) -> tuple[float, float]:
    """Run WORKERS worker processes to their end. Return the foreign load in cores and their CPU seconds."""
    before = _cpu_of_children()
    with Meter(0, run.ground.cluster.pid or 0, run.ground.ours) as reading:
        workers = [
            subprocess.Popen([sys.executable, "-c", _PROGRAM], cwd=ROOT, env=run.ground.environment)
            for _ in range(WORKERS)
        ]
        for worker in workers:
            if worker.wait(600):
                raise RuntimeError("A worker failed.")
    cpu = _cpu_of_children() - before
    # The meter does not see processes that have ended, so it counts the workers as foreign.
    return max(0.0, reading.foreign - cpu / reading.seconds), cpu


def _cpu_of_children() -> float:
    """Return the CPU seconds of the processes of this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _handed_on_since(first: int) -> tuple[int, int, float]:
    """Return handovers that are done, those that are not, and the seconds from first to last receipt.

    first: the id of the first handover that counts. The clock is that of the database.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state <> 'done'),"
            " coalesce(extract(epoch FROM max(settled_at) - min(settled_at)), 0)"
            " FROM history_handover WHERE id >= %s",
            [first],
        )
        done, left, seconds = cursor.fetchone()
    return done, left, float(seconds)
