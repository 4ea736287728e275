"""Who is concerned by an incident: its lead and its team, for the rungs of a ladder."""

from django.db.models import QuerySet

from incidents.models import Incident, Postmortem
from risklog.queries.concerned import Concerned, ConcernedReader


def _rows() -> QuerySet[Incident]:
    return Incident.objects.select_related("team", "model__owner_team")


def _of_incident(incident: Incident) -> Concerned:
    model = incident.model
    return Concerned(
        owner=incident.lead_id,
        team=incident.team or (model.owner_team if model else None),
        model_id=incident.model_id,
    )


def _reviews() -> QuerySet[Postmortem]:
    return Postmortem.objects.select_related("incident__team", "incident__model__owner_team")


def _of_review(postmortem: Postmortem) -> Concerned:
    return _of_incident(postmortem.incident)


CONCERNED: dict[str, ConcernedReader] = {
    Incident.KIND: (_rows, _of_incident),
    Postmortem.KIND: (_reviews, _of_review),
}
