"""Who is concerned by an incident: its lead and its team, for the rungs of a ladder."""

from django.db.models import QuerySet

from incidents.models import Incident
from risklog.queries.rung import Concerned, ConcernedReader


def _rows() -> QuerySet[Incident]:
    return Incident.objects.select_related("team", "model__owner_team")


def _of_incident(incident: Incident) -> Concerned:
    model = incident.model
    return Concerned(
        owner=incident.lead_id,
        team=incident.team or (model.owner_team if model else None),
        model_id=incident.model_id,
    )


CONCERNED: dict[str, ConcernedReader] = {Incident.KIND: (_rows, _of_incident)}
