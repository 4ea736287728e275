"""Goal 13: 1,000 alerts in one body, from its first byte until all their breaches are committed, grouped."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench import client, figures
from bench.figures import Line
from bench.goals.alerts import Alerts
from bench.run import Run
from signals.models import Breach

COUNT, OF_A_RULE = 1_000, 100
# Findings a second that DefectDojo imports, published elsewhere for another machine. It is not run here.
DEFECTDOJO = 268
WAIT = 60.0


def alerts_in_one_body(run: Run) -> Line:
    """Measure goal 13."""
    line = Line(13, f"{COUNT:,} alerts in one body until their breaches are committed, to DefectDojo", "≥ 20")
    with run.ground.worker():
        taken = list(_rounds(run))
    if None in taken:
        line.met, line.why = False, f"The breaches of a body were not committed in {WAIT:g} s."
        return line
    seconds = [one for one in taken if one is not None]
    found = figures.spread(COUNT / one / DEFECTDOJO for one in seconds)
    line.figure, line.least, line.greatest = found.median, found.least, found.greatest
    line.met = found.median >= 20
    line.why = (
        f"{found.median * DEFECTDOJO:,.0f} alerts a second, each body in"
        f" {1000 * figures.percentile(seconds, 0.5):,.0f} ms. DefectDojo: {DEFECTDOJO} findings a second,"
        " published elsewhere for another machine; not run here."
    )
    line.details = {"alerts_a_body": COUNT, "rules_a_body": COUNT // OF_A_RULE, "seconds": seconds}
    return line


def _rounds(run: Run) -> Iterator[float | None]:
    """Send a body in each round, after a first one that is not measured. Yield the seconds that it took."""
    alerts = Alerts(run)
    for number in range(run.rounds + 1):
        features, sent = alerts.of_few_rules(COUNT, OF_A_RULE)
        began = time.perf_counter()
        status, answer = client.ask(run.ours.port, sent)
        if status != 202 or b'"stored":%d,' % COUNT not in answer:
            raise RuntimeError(f"A body of {COUNT} alerts was answered {status}: {answer[:300]!r}")
        ended = _committed(features, began)
        if number:
            yield ended


def _committed(features: str, began: float) -> float | None:
    """Return the seconds until the breaches of all alerts are committed in groups, None after WAIT."""
    while (now := time.perf_counter()) < began + WAIT:
        breaches = Breach.objects.filter(feature__startswith=features)
        if breaches.count() == COUNT:
            groups = breaches.values("group").distinct().count()
            if groups != COUNT // OF_A_RULE:
                raise RuntimeError(f"The breaches of {COUNT // OF_A_RULE} rules are in {groups} groups.")
            return now - began
        time.sleep(0.005)
    return None
