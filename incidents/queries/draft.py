"""What is known of an incident from the object that it is declared from, to fill in its form."""

from datetime import datetime
from typing import Any

from history.models import Subject
from incidents.models.incident import MAX_TITLE
from incidents.states import IncidentSeverity
from kit import clock
from people.models import User
from risklog.models import Review, Risk
from risklog.models.matrix import present_matrix
from risklog.queries import evidence
from risklog.queries.concerned import model_of
from risklog.states import Severity
from signals.models import BreachGroup
from signals.states import BreachLevel

_OF_BREACH = {BreachLevel.WARNING: IncidentSeverity.MEDIUM, BreachLevel.CRITICAL: IncidentSeverity.HIGH}
_OF_REVIEW = {Severity.WARNING: IncidentSeverity.MEDIUM, Severity.CRITICAL: IncidentSeverity.HIGH}
_OF_LEVEL = {1: IncidentSeverity.LOW, 2: IncidentSeverity.LOW, 3: IncidentSeverity.MEDIUM,
             4: IncidentSeverity.HIGH, 5: IncidentSeverity.CRITICAL}  # fmt: skip


def of_subject(user: User, about: Subject, *, at: datetime | None = None) -> dict[str, Any]:
    """Return the values of the form for an incident that is declared from this subject, which the user sees.

    At least the title and the reference of the subject; of a breach, a risk and a review also the model, the
    severity and what is known. A model that the user may not see is left out.
    """
    values: dict[str, Any] = {"about": about.reference, "title": about.title[:MAX_TITLE]}
    match about.kind:
        case BreachGroup.KIND:
            values |= _of_breach(about, at or clock.now())
        case Risk.KIND:
            values |= _of_risk(about)
        case Review.KIND:
            values |= _of_review(about)
        case _:
            values["model"] = model_of(about)
    model = values.get("model")
    if model is not None and not model.subject.is_visible_to(user):
        values["model"] = None
    return values


def _of_breach(about: Subject, at: datetime) -> dict[str, Any]:
    group = BreachGroup.objects.select_related("model__subject").get(subject=about)
    draft = evidence.of_group(group, at=at)
    return {
        "model": group.model,
        "severity": _OF_BREACH[BreachLevel(group.level)],
        "summary": draft.description,
        "started_at": group.opened_at,
        "noticed_at": group.opened_at,
    }


def _of_risk(about: Subject) -> dict[str, Any]:
    risk = Risk.objects.select_related("model__subject").get(subject=about)
    statement = "\n".join(f"- {label}: {text}" for label, text in risk.statement if label != "Affected")
    return {
        "model": risk.model,
        "severity": _OF_LEVEL[present_matrix().level(*risk.cell)],
        "summary": statement or risk.description,
        "affected": risk.affected,
    }


def _of_review(about: Subject) -> dict[str, Any]:
    review = Review.objects.select_related("model__subject").get(subject=about)
    return {
        "model": review.model,
        "severity": _OF_REVIEW[Severity(review.severity)],
        "summary": review.why,
    }
