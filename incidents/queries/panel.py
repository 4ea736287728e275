"""The incidents of a model, a breach or a risk, for the panels on their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from catalogue.models import Model
from incidents.models import Incident, Postmortem
from incidents.models import of_model as of_model_condition
from incidents.queries import incident as queries
from incidents.states import IncidentState
from kit.rights import may
from people.models import Team, User
from risklog.models import Risk
from risklog.queries import experiment_panel
from risklog.queries.experiment_panel import ExperimentsPanel
from signals.models import BreachGroup

PANEL_SIZE = 5


@dataclass(frozen=True, slots=True)
class IncidentsPanel:
    """The latest incidents of an object, at most PANEL_SIZE.

    declare: the query of the address that declares one from the object, "" if the reader may not. more: the
    query of the list that has all, "" if these are all.
    """

    rows: Sequence[Incident]
    declare: str
    more: str = ""


def of_model(user: User, model: Model) -> IncidentsPanel:
    """Return the incidents of a model."""
    return _panel(user, of_model_condition([model.pk]), f"model={model.slug}", f"model={model.slug}")


def of_breach(user: User, group: BreachGroup) -> IncidentsPanel:
    """Return the incidents that were declared from a breach."""
    return _panel(user, Q(breach_group=group), f"about={group.reference}", f"breach={group.reference}")


def of_risk(user: User, risk: Risk) -> IncidentsPanel:
    """Return the incidents declared from a risk or from its breach, and those that it should have caught."""
    caught = Postmortem.objects.filter(risk=risk).values("incident")
    condition = Q(source=risk.subject_id) | Q(pk__in=caught)
    if risk.breach_group_id:
        condition |= Q(breach_group=risk.breach_group_id)
    return _panel(user, condition, f"about={risk.reference}", f"source={risk.reference}")


def of_team(user: User, team: Team) -> IncidentsPanel | None:
    """Return the incidents of a team, None without one: a team declares none on its page."""
    panel = _panel(user, Q(team=team), "", f"team={team.slug}")
    return IncidentsPanel(panel.rows, "", panel.more) if panel.rows else None


def _panel(user: User, condition: Q, declare: str, more: str) -> IncidentsPanel:
    rows = queries.incidents().visible_to(user).filter(condition).exclude(state=IncidentState.WITHDRAWN)
    found = list(rows.order_by("-id")[: PANEL_SIZE + 1])
    may_add = may(user, "incidents.incident_add")
    return IncidentsPanel(
        found[:PANEL_SIZE], declare if may_add else "", more if len(found) > PANEL_SIZE else ""
    )


def subjects_of_incidents_about(subject_id: Any) -> Any:
    """Return the subject ids of the incidents declared from a risk or breach, for its timeline."""
    condition = Q(source=subject_id) | Q(breach_group__subject=subject_id)
    return Incident.objects.order_by().filter(condition).values_list("subject_id")


def experiments(user: User, incident: Incident) -> ExperimentsPanel:
    """Return the experiments about an incident. One is proposed from each that was not withdrawn."""
    is_offered = incident.state != IncidentState.WITHDRAWN
    return experiment_panel.of_subject(user, incident.subject, is_offered=is_offered)
