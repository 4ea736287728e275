"""What a mail about a review, an escalation or a risk states, and whether it is still to be sent.

A `…_is_…` function returns why a mail is not to be sent any more, "" while it is. It locks the row, so that
no mail begins after its subject was closed.
"""

from datetime import datetime
from typing import Any

from history.models import Subject
from history.queries import visible_or_none
from kit.kinds import url_of
from people.models import User
from risklog.models import Climb, Escalation, Review, Reviewer, Risk
from risklog.queries import rung
from risklog.states import EscalationState, ReviewState, RiskState
from signals.models import Breach, BreachGroup

_BREACHES = 5


def review_context(subject: Subject, reader: User) -> dict[str, Any]:
    """Return the review, its answers, what it is about and the breaches behind it."""
    review = Review.objects.select_related("about", "model", "claimed_by").get(subject_id=subject.pk)
    about = visible_or_none(reader, review.about)
    answers = review.reviewers.select_related("user", "function", "stands_in_for").order_by("id")
    own = next((answer for answer in answers if answer.user_id == reader.pk), None)
    return {
        "review": review,
        "about": about,
        "about_path": url_of(about) if about else "",
        "breaches": _breaches(about),
        "answers": answers,
        "instead_of": own.stands_in_for if own else None,
    }


def _breaches(about: Subject | None) -> list[Breach]:
    """The worst breaches of a group, with the limits that judged them."""
    if about is None or about.kind != BreachGroup.KIND:
        return []
    rows = Breach.objects.filter(group__subject=about).select_related(
        "series", "threshold", "threshold_version"
    )
    return list(rows.order_by("-state", "-level", "id")[:_BREACHES])


def escalation_context(subject: Subject, reader: User) -> dict[str, Any]:
    """Return the escalation, what it is about, that one's owner, and whom the reader stands in for."""
    escalation = Escalation.objects.select_related("about", "acknowledged_by").get(subject_id=subject.pk)
    climbs = Climb.objects.filter(escalation=escalation).order_by("round", "position")
    own = [climb for climb in climbs if reader.pk in climb.told]
    absent = own[-1].stand_ins.get(str(reader.pk)) if own else None
    about = visible_or_none(reader, escalation.about)
    owner = rung.concerned(escalation.about).owner if about else None
    return {
        "escalation": escalation,
        "about": about,
        "about_path": url_of(about) if about else "",
        "owner": User.objects.filter(pk=owner).first() if owner else None,
        "instead_of": User.objects.filter(pk=absent).first() if absent else None,
    }


def risk_context(subject: Subject, reader: User) -> dict[str, Any]:
    """Return the risk."""
    rows = Risk.objects.select_related("category", "model", "owner", "team")
    return {"risk": rows.get(subject_id=subject.pk)}


def review_is_unanswered(subject_id: int, user: User, at: datetime) -> str:
    """The review is open and this person has not answered."""
    review = Review.objects.select_for_update(of=("self",)).get(subject_id=subject_id)
    if review.state != ReviewState.OPEN:
        return "The review is closed."
    own = Reviewer.objects.filter(review=review, user=user)
    return "The recipient has answered." if own.filter(answered_at__isnull=False).exists() else ""


def escalation_is_unresolved(subject_id: int, user: User, at: datetime) -> str:
    """The escalation is not resolved."""
    escalation = Escalation.objects.select_for_update(of=("self",)).get(subject_id=subject_id)
    return "The escalation is resolved." if escalation.state == EscalationState.RESOLVED else ""


def risk_is_accepted(subject_id: int, user: User, at: datetime) -> str:
    """The risk is accepted still."""
    risk = Risk.objects.select_for_update(of=("self",)).get(subject_id=subject_id)
    return "" if risk.state == RiskState.ACCEPTED else "The risk is no longer accepted."
