"""Goal 29: how long the answer about the health of the pipeline takes, in a register with its work done."""

from __future__ import annotations

import time

from bench import client, figures
from bench.figures import Line
from bench.run import Run
from kit.actor import SYSTEM
from people.models import User
from people.operations import token
from people.states import Role

MILLISECONDS = 20.0
TIMES, WARM = 200, 20


def answered(run: Run) -> Line:
    """Measure goal 29: one client asks for /metrics, again and again, with the token of an administrator."""
    line = Line(29, "health of the pipeline: one answer", f"≤ {MILLISECONDS:g} ms", unit="ms")
    sent = client.request("/metrics", headers=_headers(run))
    connection = client.Connection(run.ours.port)
    took: list[float] = []
    try:
        for number in range(WARM + TIMES):
            began = time.perf_counter()
            status, body = connection.ask(sent)
            if number >= WARM:
                took.append((time.perf_counter() - began) * 1000)
            if status != 200 or b"riskhub_condition_level" not in body:
                line.met, line.why = False, f"The answer is {status}: {body[:200]!r}"
                return line
    finally:
        connection.close()
    spread = figures.spread(took)
    line.figure, line.least, line.greatest = spread.median, spread.least, spread.greatest
    line.met = spread.median <= MILLISECONDS
    line.why = f"{TIMES} answers by one client, p95 {figures.percentile(took, 0.95):.1f} ms."
    return line


def _headers(run: Run) -> dict[str, str]:
    person = User.objects.active().order_by("pk")[0]
    User.objects.filter(pk=person.pk).update(role=Role.ADMINISTRATOR)
    _, text = token.issue(person, name="Bench: health", by=SYSTEM, at=run.at)
    return {"Authorization": f"Bearer {text}"}
