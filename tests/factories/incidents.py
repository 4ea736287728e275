"""Incidents in every state, created by operations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from incidents.models import Incident, Postmortem, ReportingDuty
from incidents.operations import duty as duties
from incidents.operations import incident as operations
from incidents.operations import involved, timeline
from incidents.operations import postmortem as reviews
from kit.actor import SYSTEM, Actor
from tests.conftest import AT
from tests.factories import risks


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


def written(of: Incident | None = None) -> Postmortem:
    """The review of a resolved incident, of a new one by default, with everything but the risk."""
    resolved = of or incident(state="resolved")
    rows = Postmortem.objects.select_related("subject", "incident__subject", "incident__model")
    texts = {
        "factors": "The job has no alert.",
        "whys": ["The job hung.", "Its source was locked.", "Nobody owns the lock."],
        "lessons": "Alert on jobs that do not finish.",
    }
    review = rows.select_related("incident__team").get(incident=resolved)
    return reviews.change(review, texts, by=SYSTEM, at=AT)


def reviewed(of: Incident | None = None) -> Postmortem:
    """A finished review. Its risk is a new one of the log."""
    review = written(of)
    reviews.answer_risk(review, answer="linked", risk=risks.risk(), by=SYSTEM, at=AT)
    return reviews.finish(review, by=SYSTEM, at=AT)


def duty(
    name: str = "Report to the supervisor", *, severity: str = "critical", days: int = 3
) -> ReportingDuty:
    return duties.add(name=name, severity=severity, days=days, by=SYSTEM, at=AT)
