"""Write which further models an incident is about."""

from datetime import datetime

from django.db import transaction

from catalogue.models import Model, Version
from history import operations as history
from incidents import events
from incidents.models import Incident, InvolvedModel
from incidents.operations import duty
from incidents.states import IncidentState
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused


@transaction.atomic
def add(
    incident: Incident, *, model: Model, by: Actor, at: datetime, model_version: Version | None = None
) -> InvolvedModel:
    """Add a further model, with the version that is involved if it is known.

    A model that is involved already gets the version, and keeps its own if none is given.
    Raises Refused(field="model" or "model_version"), IllegalMove if the incident is withdrawn.
    """
    rows = Incident.objects.select_for_update(of=("self",)).select_related("subject", "model", "lead")
    incident = rows.get(pk=incident.pk)  # one after the other
    if incident.state == IncidentState.WITHDRAWN:
        raise IllegalMove("This incident is withdrawn. Reopen it first.", field="state")
    if incident.model_id == model.pk:
        raise Refused("The incident is about this model already.", field="model")
    if model_version is not None and model_version.model_id != model.pk:
        raise Refused("Choose a version of this model.", field="model_version")
    present = incident.involved.filter(model=model, removed_at__isnull=True).first()
    if present is not None:
        if model_version is not None:
            values = {"model_version": model_version}
            history.change(present, values, by=by, at=at, verb="incidents.model_version_changed")
        return present
    row = InvolvedModel(incident=incident, model=model, model_version=model_version, added_at=at)
    history.record(row, events.ModelInvolved(model=model.subject_id), by=by, at=at)
    duty.apply_to(incident, at=at)
    return row


@transaction.atomic
def remove(row: InvolvedModel, *, by: Actor, at: datetime, seen: int | None = None) -> InvolvedModel:
    """Remove a further model. Nothing happens if it is removed already."""
    if row.removed_at is None:
        payload = events.ModelReleased(model=row.model.subject_id)
        history.change(row, {"removed_at": at}, by=by, at=at, seen=seen, payload=payload)
    return row
