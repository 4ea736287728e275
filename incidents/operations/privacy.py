"""Restrict open incidents as the privacy constraints of their model demand."""

from datetime import datetime

from catalogue.queries.privacy import demanded_teams, newly_guarded
from history import operations as history
from history.models import Event
from history.queries import changed_fields
from history.wiring import handler
from incidents.models import Incident
from incidents.operations import incident as operations
from incidents.operations.role import OVER
from kit.actor import SYSTEM


@handler("incidents.incident.restrict_of_model")
@history.in_one_transaction
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Restrict the open incidents of a model whose constraints demand it since this event.

    Handles catalogue.model_changed. An incident that is restricted to teams already stays as it is.
    """
    if model := newly_guarded(event):
        rows = Incident.objects.filter(model=model, subject__viewers__isnull=True).exclude(state__in=OVER)
        for incident in rows.select_related("subject").order_by("pk"):
            operations.restrict(incident, teams=demanded_teams(model), by=SYSTEM, at=at)


@handler("incidents.incident.restrict_as_model_demands")
@history.in_one_transaction
def on_incident_changed(event: Event, *, at: datetime) -> None:
    """Restrict an open incident that is about another model now, as that one demands."""
    if "model_id" not in changed_fields(event):
        return
    rows = Incident.objects.filter(subject=event.subject_id, subject__viewers__isnull=True)
    waiting = rows.exclude(state__in=OVER).select_related("subject", "model__subject", "model__owner_team")
    incident = waiting.first()
    if incident is not None and (teams := demanded_teams(incident.model)):
        operations.restrict(incident, teams=teams, by=SYSTEM, at=at)
