"""Reading acceptances: what is proposed, what is in force, the history of a risk, and the limit of a date."""

from datetime import date, timedelta

from django.db.models import QuerySet

from kit.sight import Visitor
from people import queries as people
from risklog.models import Acceptance, Risk
from risklog.states import AcceptanceState

UNFINISHED = (AcceptanceState.PROPOSED, AcceptanceState.ACCEPTED)


def acceptances(user: Visitor) -> QuerySet[Acceptance]:
    """Return the acceptances of the risks that this reader may see, with the people they name."""
    return Acceptance.objects.visible_to(user).select_related("risk__subject", "proposed_by", "decided_by")


def of_risk(risk: Risk) -> list[Acceptance]:
    """Return the acceptances of a risk that the reader may see, the latest first. One query."""
    rows = Acceptance.objects.filter(risk=risk).select_related("proposed_by", "decided_by")
    return list(rows.order_by("-id"))


def proposed(risk: Risk) -> Acceptance | None:
    """Return the acceptance that waits for a decision, None without one."""
    return Acceptance.objects.filter(risk=risk, state=AcceptanceState.PROPOSED).first()


def last_day(today: date) -> date:
    """Return the last date until which a risk may be accepted today."""
    return today + timedelta(days=people.max_acceptance_days())


def problem_of(until: date, *, today: date, last: date) -> str:
    """Return why an acceptance may not last until a date, "" if it may. last: last_day(today)."""
    if until <= today:
        return "Choose a date in the future."
    if until > last:
        days = (last - today).days
        return f"Choose a date until {last:%-d %B %Y}. Risks are accepted for at most {days} days."
    return ""
