"""Mails about incidents: their context, and whether they are still relevant."""

from datetime import datetime
from typing import Any

from history.models import Event
from history.queries import present_data
from incidents.models import Incident
from incidents.queries import incident as queries
from incidents.states import IncidentRole, IncidentSeverity, IncidentState
from people.models import User

UPDATE = "incidents.update_sent"
ROLE = "incidents.role_assigned"


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the incident, its model if the reader may see it, and the text of an update."""
    incident = queries.incidents().get(subject_id=event.subject_id)
    queries.show_links(reader, [incident])
    data = present_data(event)
    model = incident.shown_model
    is_given = data.get("to") == reader.subject_id
    return {
        "incident": incident,
        "model": model,
        "update": data["text"] if event.verb == UPDATE else "",
        "role": IncidentRole(data["role"]).label.lower() if event.verb == ROLE else "",
        "is_given": is_given,
        "names": [model.subject_id] if model else [],
    }


def is_severe(event: Event) -> bool:
    """Return True if the incident is critical or high, so that it is mailed at once."""
    severe = (IncidentSeverity.CRITICAL, IncidentSeverity.HIGH)
    return Incident.objects.filter(subject_id=event.subject_id, severity__in=severe).exists()


def _locked(event: Event) -> Incident:
    return Incident.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)


def is_still_ongoing(event: Event, user: User, at: datetime) -> str:
    """Return why a mail about a new incident is no longer relevant, "" if it is."""
    return "" if _locked(event).is_ongoing else "The incident is over."


def is_still_in_role(event: Event, user: User, at: datetime) -> str:
    """Return why a mail about a role is no longer relevant, "" if it is."""
    incident, data = _locked(event), present_data(event)
    if incident.state == IncidentState.WITHDRAWN:
        return "The incident is withdrawn."
    holder: User | None = getattr(incident, data["role"])
    is_given = data.get("to") == user.subject_id
    return "" if (holder is not None and holder.pk == user.pk) == is_given else "The role changed again."


def is_not_withdrawn(event: Event, user: User, at: datetime) -> str:
    """Return why a mail of an update is no longer relevant, "" if it is."""
    if _locked(event).state == IncidentState.WITHDRAWN:
        return "The incident is withdrawn."
    return ""
