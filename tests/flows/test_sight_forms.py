"""The pages that say who may see a risk, an incident and an experiment share a form, which loses no team."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from history import operations as history
from history.models import Event
from people.models import Team
from people.states import Role
from tests.factories import experiments, incidents, people, risks, sessions

pytestmark = pytest.mark.django_db

# The name of the page -> what creates an object that these teams may see.
CREATED: dict[str, Callable[..., Any]] = {
    "risklog:risk_sight": lambda viewers: risks.risk(viewers=viewers),
    "incidents:incident_sight": lambda viewers: incidents.incident(viewers=viewers),
    "learnings:session_sight": lambda viewers: sessions.session(
        teams=list(Team.objects.filter(subject__in=viewers)) if viewers else None
    ),
    "risklog:experiment_sight": lambda viewers: experiments.experiment(viewers=viewers),
}
each = pytest.mark.parametrize("page", CREATED)


@pytest.fixture
def teams(client):
    """One team in use and one that is retired. The reader is a member of both."""
    people.organisation()
    used, retired = people.team("Credit"), people.team("Former")
    history.retire(retired)
    client.force_login(people.user(role=Role.RISK_MANAGER, teams=[used, retired]))
    return used, retired


def created(page: str, *teams) -> tuple[Any, str]:
    """Return an object that these teams may see, everyone without teams, and the address of its page."""
    made = CREATED[page]([team.subject_id for team in teams] or None)
    return made, reverse(page, args=[getattr(made, "reference", None) or made.pk])


def shown_on(client, address: str) -> tuple[Any, dict[str, Any]]:
    """Return the form of a page, and what a browser sends if a person only presses Save."""
    answer = client.get(address)
    form = answer.context["form"]
    version = answer.content.decode().split('name="version" value="')[1].split('"')[0]
    boxes = [box.data for box in form["teams"]]
    teams = [str(box["value"]) for box in boxes if box["selected"]]
    return form, {"who": form["who"].value(), "teams": teams, "version": version}


@each
def test_a_chosen_team_that_is_retired_stays_chosen(client, teams, page):
    made, address = created(page, *teams)
    _, sent = shown_on(client, address)
    events = Event.objects.count()

    assert client.post(address, sent).status_code == 303

    made.subject.refresh_from_db()
    assert {team.subject_id for team in teams} <= set(made.subject.viewers)
    assert Event.objects.count() == events


@each
def test_a_retired_team_is_offered_only_where_it_is_chosen(client, teams, page):
    used, retired = teams
    _, address = created(page)
    form, sent = shown_on(client, address)

    assert sent["who"] == "all"
    assert list(form.fields["teams"].queryset.filter(pk__in=[used.pk, retired.pk])) == [used]
    assert client.post(address, {**sent, "who": "teams", "teams": [retired.pk]}).status_code == 422


@each
def test_an_empty_choice_is_refused_at_the_field(client, teams, page):
    _, address = created(page, teams[0])
    _, sent = shown_on(client, address)

    for headers, is_page in (({}, True), ({"HX-Request": "true"}, False)):
        answer = client.post(address, {**sent, "teams": []}, headers=headers)
        assert answer.status_code == 422
        assert "Choose at least one team" in answer.content.decode()
        assert ("<html" in answer.content.decode()) is is_page
