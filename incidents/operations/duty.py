"""Write duties to report incidents outside, and the actions that follow from them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from actions.models import Action
from actions.operations import action as actions
from actions.states import Type
from history import operations as history
from history.models import Event
from incidents import events
from incidents.models import DutyAction, Incident, ReportingDuty
from incidents.queries import incident as incidents
from incidents.states import LEVELS, IncidentSeverity
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people import queries as people
from people.models import User

CHANGEABLE = frozenset({"name", "severity", "days", "is_for_personal_data", "details"})
MAX_NAME, MAX_DAYS = 200, 365


@transaction.atomic
def add(
    *,
    name: str,
    severity: str,
    days: int,
    by: Actor,
    at: datetime,
    is_for_personal_data: bool = False,
    details: str = "",
) -> ReportingDuty:
    """Add a duty, for incidents from now on. Raises Refused with the name of the field."""
    values = _checked({"name": name, "severity": severity, "days": days, "details": details})
    duty = ReportingDuty(**values, is_for_personal_data=is_for_personal_data)
    history.record(duty, "incidents.duty_added", by=by, at=at)
    return duty


@transaction.atomic
def change(
    duty: ReportingDuty, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> ReportingDuty:
    """Change fields of CHANGEABLE. Actions that were created stay as they are. Raises Refused."""
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    given = _checked(values)
    history.change(duty, given, by=by, at=at, seen=seen, verb="incidents.duty_changed")
    if "name" in given:
        history.retitle(duty)
    return duty


def retire(duty: ReportingDuty, *, by: Actor, at: datetime, seen: int | None = None) -> ReportingDuty:
    """Retire a duty, so that no further action is created. Nothing happens if it is retired already."""
    return _set_retired(duty, True, "incidents.duty_retired", by=by, at=at, seen=seen)


def restore(duty: ReportingDuty, *, by: Actor, at: datetime, seen: int | None = None) -> ReportingDuty:
    """Bring a retired duty back into force, for incidents from now on."""
    return _set_retired(duty, False, "incidents.duty_restored", by=by, at=at, seen=seen)


@transaction.atomic
def _set_retired(
    duty: ReportingDuty, is_retired: bool, verb: str, *, by: Actor, at: datetime, seen: int | None
) -> ReportingDuty:
    if history.change(duty, {"is_retired": is_retired}, by=by, at=at, seen=seen, verb=verb):
        history.retire(duty, is_retired=is_retired)
    return duty


@transaction.atomic
def apply_to(incident: Incident, *, at: datetime) -> list[DutyAction]:
    """Create the action of each duty that an incident now has and that has created none for it.

    It is due so many days after the incident was noticed, and assigned to its lead if they can own it.
    A lower severity later takes no action back: people drop it.
    """
    level = LEVELS[IncidentSeverity(incident.severity)]
    known = set(DutyAction.objects.filter(incident=incident).values_list("duty_id", flat=True))
    duties = ReportingDuty.objects.filter(is_retired=False).exclude(pk__in=known).order_by("id")
    has_personal_data = any(model.has_personal_data for model in incidents.models_of(incident))
    made = []
    for duty in duties:
        if level < LEVELS[IncidentSeverity(duty.severity)]:
            continue
        if duty.is_for_personal_data and not has_personal_data:
            continue
        made.append(_create(incident, duty, at=at))
    return made


@transaction.atomic
def move_dates(incident: Incident, former: datetime | None, *, at: datetime, cause: Event | None) -> None:
    """Move the due dates of its duties by as many days as the day on which the incident was noticed moved.

    former: when it was noticed before the correction. An action that is over, or that has no due date, stays.
    """
    moved = _noticed_on(incident, incident.noticed_at) - _noticed_on(incident, former)
    rows = Action.objects.filter(pk__in=DutyAction.objects.filter(incident=incident).values("action"))
    if not moved:
        return
    for action in rows.select_related("subject", "owner", "reviewer").select_for_update(of=("self",)):
        if action.due_on is not None and not action.is_finished:
            actions.change(action, {"due_on": action.due_on + moved}, by=SYSTEM, at=at, cause=cause)


def _noticed_on(incident: Incident, noticed_at: datetime | None) -> date:
    """Return the day from which the days of a duty are counted: without a moment, that of the declaration."""
    return people.local_day(noticed_at or incident.declared_at)


def _create(incident: Incident, duty: ReportingDuty, *, at: datetime) -> DutyAction:
    due_on = _noticed_on(incident, incident.noticed_at) + timedelta(days=duty.days)
    action = actions.add(
        title=f"{duty.name}: {incident.reference}"[:200],
        details=duty.details,
        due_on=due_on,
        owner=_owner(incident),
        type=Type.OTHER,
        about=incident.subject,
        by=SYSTEM,
        at=at,
    )
    row = DutyAction(incident=incident, duty=duty, action=action)
    applied = events.DutyApplied(name=duty.name, due_on=due_on.isoformat())
    history.record(row, applied, by=SYSTEM, at=at)
    return row


def _owner(incident: Incident) -> User | None:
    """Return the lead, None without one who can own an action."""
    lead = incident.lead
    return lead if lead and lead.is_active and not people.why_no_owner(lead) else None


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(values)
    for name in {"name", "details"} & given.keys():
        given[name] = given[name].strip()
    if "name" in given and not given["name"]:
        raise Refused("Enter what must be reported to whom.", field="name")
    if len(given.get("name", "")) > MAX_NAME:
        raise Refused(f"Use at most {MAX_NAME} characters.", field="name")
    if "severity" in given and given["severity"] not in IncidentSeverity.values:
        raise Refused(f"Use one of {', '.join(IncidentSeverity.values)}.", field="severity")
    if "days" in given and not 0 <= given["days"] <= MAX_DAYS:
        raise Refused(f"Use a number of days from 0 to {MAX_DAYS}.", field="days")
    return given
