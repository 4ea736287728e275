"""Auditors: viewers who read everything until a date. Every reading is logged."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people import events
from people import queries as people
from people.models import User
from people.states import Role

LONGEST = timedelta(days=366)
_LONGEST_PATH = 500


@transaction.atomic
def appoint(user: User, *, until: date, by: Actor, at: datetime, seen: int | None = None) -> User:
    """Let a viewer read everything, restricted objects too, until a date, its day included.

    Raises Refused for another role, because an auditor changes nothing, and for a date that is past or more
    than LONGEST ahead; ChangedMeanwhile.
    """
    today = people.local_day(at)
    if user.role != Role.VIEWER:
        raise Refused("An auditor only reads. Give this person the role viewer first.", field="until")
    if not user.is_active:
        raise Refused("This person is deactivated. Choose an active person.", field="until")
    if not today <= until <= today + LONGEST:
        raise Refused(f"Choose a date until {today + LONGEST:%-d %B %Y}.", field="until")
    payload = events.AuditorAppointed(until=until.isoformat())
    history.change(user, {"audits_until": until}, by=by, at=at, seen=seen, payload=payload)
    return user


@transaction.atomic
def end(user: User, *, by: Actor, at: datetime, seen: int | None = None) -> User:
    """End the rights of an auditor before their date. Raises Refused, ChangedMeanwhile."""
    if user.audits_until is None:
        raise Refused("This person is no auditor.")
    history.change(user, {"audits_until": None}, by=by, at=at, seen=seen, verb="people.audit_ended")
    return user


def note_reading(user: User, path: str, restricted: Sequence[str], *, by: Actor, at: datetime) -> None:
    """Log a request of an auditor. restricted: the references of the restricted objects that they saw."""
    payload = events.AuditorRead(path=path[:_LONGEST_PATH], restricted=list(restricted))
    history.record(user, payload, by=by, at=at)
