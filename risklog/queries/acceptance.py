"""Reading acceptances: what is proposed, what is in force, the history of a risk, and the limit of a date."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from kit.sight import Visitor
from people import queries as people
from people.models import User
from risklog.models import Acceptance, Risk
from risklog.states import AcceptanceState

_STORED = ("id", "state", "reason", "until", "proposed_at", "decided_at", "decision_reason")
_PEOPLE = {
    "proposed_by_id": "proposed_by_id",
    "proposed_by_name": "proposed_by__name",
    "decided_by_id": "decided_by_id",
    "decided_by_name": "decided_by__name",
}
UNFINISHED = (AcceptanceState.PROPOSED, AcceptanceState.ACCEPTED)


def acceptances(user: Visitor) -> QuerySet[Acceptance]:
    """Return the acceptances of the risks that this reader may see, with the people they name."""
    return Acceptance.objects.visible_to(user).select_related("risk__subject", "proposed_by", "decided_by")


def of_each_risk() -> ArraySubquery:
    """Return the acceptances of each risk, for annotate(): a page of a risk needs no query more."""
    rows = Acceptance.objects.filter(risk=OuterRef("pk")).order_by("-id")
    columns = {name: name for name in _STORED}
    return ArraySubquery(rows.values(row=JSONObject(**columns, **_PEOPLE)))


def read(risk: Risk, rows: Sequence[Mapping[str, Any]]) -> list[Acceptance]:
    """Return the acceptances of a risk that of_each_risk() annotated, the latest first.

    The people have only their name.
    """
    return [_read(risk, row) for row in rows]


def _read(risk: Risk, row: Mapping[str, Any]) -> Acceptance:
    found = Acceptance(risk=risk, **{name: row[name] for name in _STORED})
    found.until = date.fromisoformat(row["until"])
    for name in ("proposed_at", "decided_at"):
        if row[name]:
            setattr(found, name, datetime.fromisoformat(row[name]))
    for name in ("proposed_by", "decided_by"):
        if row[f"{name}_id"]:
            setattr(found, name, User(pk=row[f"{name}_id"], name=row[f"{name}_name"]))
    return found


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
