"""Incidents in every state, created by operations."""

from datetime import datetime
from typing import Any

from incidents.models import Incident
from incidents.operations import incident as operations
from kit.actor import SYSTEM, Actor
from tests.conftest import AT


def incident(
    title: str = "Scores are too low since the deployment",
    *,
    person: Any = None,
    state: str = "open",
    at: datetime = AT,
    **fields: Any,
) -> Incident:
    """Declare an incident and take it to a state. `person` acts, else Riskhub itself."""
    act = {"by": Actor(person, "page") if person else SYSTEM, "at": at}
    fields.setdefault("severity", "high")
    declared = operations.declare(title=title, **fields, **act)
    if state in ("mitigated", "resolved"):
        operations.mitigate(declared, **act)
    if state == "resolved":
        operations.resolve(declared, **act)
    if state == "withdrawn":
        operations.withdraw(declared, reason="It was a test", **act)
    return declared
