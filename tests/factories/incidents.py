"""Incidents in every state, created by operations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from incidents.models import Incident
from incidents.operations import incident as operations
from incidents.operations import involved, timeline
from kit.actor import SYSTEM, Actor
from tests.conftest import AT


def incident(
    title: str = "Scores are too low since the deployment",
    *,
    person: Any = None,
    state: str = "open",
    at: datetime = AT,
    lines: Sequence[str] = (),
    models: Sequence[Any] = (),
    **fields: Any,
) -> Incident:
    """Declare an incident and take it to a state. `person` acts, else Riskhub itself.

    lines: of its timeline. models: further ones.
    """
    act = {"by": Actor(person, "page") if person else SYSTEM, "at": at}
    fields.setdefault("severity", "high")
    declared = operations.declare(title=title, **fields, **act)
    for line in lines:
        timeline.add(declared, text=line, **act)
    for model in models:
        involved.add(declared, model=model, **act)
    if state in ("mitigated", "resolved"):
        operations.mitigate(declared, **act)
    if state == "resolved":
        operations.resolve(declared, **act)
    if state == "withdrawn":
        operations.withdraw(declared, reason="It was a test", **act)
    return declared
