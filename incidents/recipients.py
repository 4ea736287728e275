"""The recipients of events about incidents: user id -> the reason."""

from history.models import Event
from history.queries import present_data
from history.recipients import everyone
from incidents.models import Incident, Observer
from incidents.queries import incident as incidents
from incidents.states import IncidentSeverity
from people.models import Team, User
from people.recipients import risk_managers, team_members


def _incident(event: Event) -> Incident | None:
    return Incident.objects.select_related("model").filter(subject_id=event.subject_id).first()


def owners_of_models(event: Event) -> dict[int, str]:
    """Return the developers of the models, and the members of their teams and of the incident's team."""
    incident = _incident(event)
    if incident is None:
        return {}
    models = incidents.models_of(incident)
    developer = everyone((model.developer_id for model in models), "You develop this model")
    teams = {incident.team_id, *(model.owner_team_id for model in models)}
    told: dict[int, str] = {}
    for team in sorted(pk for pk in teams if pk):
        told |= team_members(team, "Your team is affected")
        lead = Team.objects.filter(pk=team).values_list("lead_id", flat=True)
        told |= everyone(lead, "Your team is affected")
    return told | developer


def managers_if_critical(event: Event) -> dict[int, str]:
    """Return the risk managers, of a critical incident and of one without a team."""
    incident = _incident(event)
    if incident is None or (incident.severity != IncidentSeverity.CRITICAL and incident.team_id):
        return {}
    return risk_managers(event)


def handlers(event: Event) -> dict[int, str]:
    """Return who has a role in the incident, and who declared it."""
    incident = _incident(event)
    if incident is None:
        return {}
    people = (incident.lead_id, incident.scribe_id, incident.communications_id)
    return everyone(people, "You handle this incident") | everyone(
        [incident.declared_by_id], "You declared this incident"
    )


def observers(event: Event) -> dict[int, str]:
    """Return the observers of a post-incident review, with the reason of the rotation."""
    rows = Observer.objects.active().filter(postmortem__subject_id=event.subject_id)
    return {pk: f"You observe this review: {why}"[:120] for pk, why in rows.values_list("user_id", "why")}


def new_observer(event: Event) -> dict[int, str]:
    """Return the person who observes a review from now on in place of another one."""
    asked = present_data(event)["asked"]
    return {pk: why for pk, why in observers(event).items() if pk == asked}


def former_observer(event: Event) -> dict[int, str]:
    """Return the person that the event is about, who no longer observes a review."""
    rows = User.objects.filter(subject=event.subject_id)
    return everyone(rows.values_list("pk", flat=True), "You no longer observe a review")
