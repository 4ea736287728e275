"""Restrict open incidents as the privacy constraints of their model demand."""

from datetime import datetime

from catalogue.operations.privacy import restrict_each
from catalogue.queries.privacy import teams_to_restrict
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
    """Restrict the open incidents of a model whose constraints demand it, on catalogue.model_changed."""
    _restrict(at=at, model__subject=event.subject_id)


@handler("incidents.incident.restrict_as_model_demands")
@history.in_one_transaction
def on_incident_changed(event: Event, *, at: datetime) -> None:
    """Restrict an incident that is about another model now, or that is open again, as its model demands.

    Handles incidents.incident_changed and incidents.incident_reopened.
    """
    if changed_fields(event) & {"model_id", "state"}:
        _restrict(at=at, subject=event.subject_id)


def restrict_missing(*, at: datetime) -> None:
    """Restrict the open incidents that the code of an earlier release left unrestricted. Idempotent."""
    _restrict(at=at)


def _restrict(*, at: datetime, **which: int) -> None:
    """Restrict the open incidents among these whose model demands it.

    One that is restricted already stays as it is, and so does one that somebody opened to everyone since.
    """

    def restrict(incident: Incident) -> None:
        if teams := teams_to_restrict(incident.subject, incident.model):
            operations.restrict(incident, teams=teams, by=SYSTEM, at=at)

    restrict_each(Incident.objects.filter(**which).exclude(state__in=OVER), restrict)
