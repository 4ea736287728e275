"""Whether a run reproduces an earlier one, and how a reproduction fades with time. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from catalogue.states import Freshness


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run was made from, and its metrics."""

    data_set: str = ""
    code: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


def obstacles(earlier: Inputs, later: Inputs, tolerance: float) -> list[str]:
    """Return why the later run does not reproduce the earlier one, as sentences; none if it does.

    What only one of the runs has recorded is no obstacle, except a metric of the earlier run. Metrics may
    differ by `tolerance` percent of the larger one.
    """
    found: list[str] = []
    for name, text in (("data set", "data_set"), ("code", "code")):
        before, after = getattr(earlier, text), getattr(later, text)
        if before and after and before != after:
            found.append(f"The {name} is another one.")
    both = [name for name in earlier.parameters if name in later.parameters]
    other = [name for name in both if earlier.parameters[name] != later.parameters[name]]
    if other:
        found.append(f"These parameters differ: {', '.join(other)}.")
    for name, before in earlier.metrics.items():
        value = later.metrics.get(name)
        if value is None:
            found.append(f"The metric {name} is missing.")
        elif not math.isclose(before, value, rel_tol=tolerance / 100):
            found.append(f"The metric {name} is {value:g} and was {before:g}.")
    return found


def freshness(reproduced_at: datetime | None, days: int, at: datetime) -> Freshness:
    """Return how fresh a reproduction is. It fades in the second half of its time."""
    if reproduced_at is None:
        return Freshness.NEVER
    age, counts = at - reproduced_at, timedelta(days=days)
    if age >= counts:
        return Freshness.FADED
    return Freshness.FADING if age >= counts / 2 else Freshness.FRESH
