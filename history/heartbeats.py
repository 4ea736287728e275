"""Heartbeats of the parts of Riskhub: worker, beat, tick, auditor. The clock of the database counts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from history.models import Heartbeat

_last: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class LastHeartbeat:
    """age: in seconds. findings: of the auditor."""

    age: float
    findings: Sequence[str] = ()


def note(name: str, *, findings: Sequence[str] = (), every: float = 0.0) -> None:
    """Store that this part lives. every: seconds in which this process stores it once only."""
    now = time.monotonic()
    if every and now - _last.get(name, -every) < every:
        return
    _last[name] = now
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=Now(), findings=list(findings))],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "findings"],
    )


def read() -> dict[str, LastHeartbeat]:
    """Return name -> the last heartbeat. One query."""
    age = ExpressionWrapper(Now() - F("at"), output_field=DurationField())
    rows = Heartbeat.objects.annotate(age=age).values_list("name", "age", "findings")
    return {name: LastHeartbeat(age.total_seconds(), findings) for name, age, findings in rows}
