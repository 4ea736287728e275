"""Send updates about an incident to those concerned."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from incidents import events
from incidents.models import Incident, Update
from incidents.models.timeline import MAX_UPDATE
from incidents.states import IncidentState
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused


@transaction.atomic
def send(incident: Incident, *, text: str, by: Actor, at: datetime) -> Update:
    """Send a text to those who handle the incident, the owners of its models, and its watchers.

    Raises Refused(field="text"), IllegalMove if the incident is withdrawn.
    """
    found = text.strip()
    if not found:
        raise Refused("Enter what those concerned should know.", field="text")
    if len(found) > MAX_UPDATE:
        raise Refused(f"Use at most {MAX_UPDATE} characters.", field="text")
    if incident.state == IncidentState.WITHDRAWN:
        raise IllegalMove("This incident is withdrawn. Reopen it first.", field="state")
    update = Update(incident=incident, text=found, state=incident.state, author=by.person, at=at)
    history.record(update, events.UpdateSent(text=found), by=by, at=at)
    return update
