"""The owner of something about a restricted risk sees it: forms ask first, and histories name the person."""

import pytest
from django.urls import reverse

from actions.models import Action
from actions.operations import action as operations
from history.models import Event
from history.templatetags.timeline import lines
from kit.actor import SYSTEM
from meetings.models import Decision
from people.states import Role
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
ASKED = "is restricted. Bo Li does not see it yet, and will as the owner."


@pytest.fixture
def team():
    people.organisation()
    return people.team()


@pytest.fixture
def ana(client, team):
    """Return a risk manager of the team that sees the restricted risk, who is signed in."""
    person = people.user("Ana", role=Role.RISK_MANAGER, teams=[team])
    client.force_login(person)
    return person


@pytest.fixture
def bo():
    """Return a member who does not see the restricted risk."""
    return people.user("Bo Li")


@pytest.fixture
def risk(team):
    return risks.restricted("Leak", team)


def asked(client, url, fields) -> str:
    """Send a form and return the page that asks. It has a box that is not ticked."""
    answer = client.post(url, fields)
    page = answer.content.decode()
    assert answer.status_code == 422 and ASKED in page
    return page


def test_a_new_action_asks_before_its_owner_sees_the_restricted_risk(client, ana, bo, risk):
    fields = {"title": "Cap it", "about": risk.reference, "owner": bo.pk, "type": "mitigation"}

    page = asked(client, reverse("actions:action_create"), fields)
    assert f'name="owner-sees" value="{bo.pk}"> Bo Li may see {risk.reference}' in page
    another = people.user("Cem")
    asked_again = client.post(reverse("actions:action_create"), {**fields, "owner-sees": another.pk})
    assert asked_again.status_code == 422 and not Action.objects.exists()
    ticked = client.post(reverse("actions:action_create"), {**fields, "owner-sees": bo.pk})

    assert ticked.status_code == 303
    risk.subject.refresh_from_db()
    assert Action.objects.get().owner == bo and risk.subject.is_visible_to(bo)


def test_an_owner_who_sees_it_already_and_an_open_risk_need_no_box(client, ana, bo, risk):
    for owner, about in ((ana, risk), (bo, risks.risk())):
        fields = {"title": "Cap it", "about": about.reference, "owner": owner.pk, "type": "mitigation"}
        assert client.post(reverse("actions:action_create"), fields).status_code == 303


def test_another_owner_of_an_action_or_a_risk_is_asked_about(client, ana, bo, team, risk):
    action = operations.add(title="Cap it", about=risk.subject, owner=ana, by=SYSTEM, at=AT)
    edit = reverse("actions:action_edit", args=[action.reference])
    fields = {"title": "Cap it", "owner": bo.pk, "type": "mitigation", "version": action.version}
    asked(client, edit, fields)
    assert client.post(edit, {**fields, "owner-sees": bo.pk}).status_code == 303

    other = risks.restricted("Other", team)
    for url in (
        reverse("risklog:risk_set", args=[other.reference, "owner"]),
        reverse("risklog:risk_edit", args=[other.reference]),
    ):
        asked(client, url, {"owner": bo.pk, "version": other.version})


def test_a_follow_up_action_of_a_decision_asks_too(client, ana, bo, risk):
    url = f"{reverse('meetings:decision_create')}?about={risk.reference}"
    fields = {
        "about": risk.reference, "text": "Cap it", "reason": "It drifts",
        "action1-title": "Cap", "action1-owner": bo.pk,
    }  # fmt: skip

    asked(client, url, fields)
    assert not Decision.objects.exists()
    ticked = client.post(url, {**fields, "action1-owner-sees": bo.pk})

    assert (ticked.status_code, Action.objects.get().owner) == (303, bo)


def test_the_history_names_who_got_access_and_whose_ended(ana, bo, risk):
    action = operations.add(title="Cap it", about=risk.subject, owner=bo, by=SYSTEM, at=AT)
    operations.change(action, {"owner": ana}, by=SYSTEM, at=AT)

    verbs = ("history.sight_granted", "history.grant_ended")
    shown = lines(Event.objects.filter(subject=risk.subject, verb__in=verbs).order_by("id"), ana)

    assert [(line.event.verb, line.to) for line in shown] == [(verb, "Bo Li") for verb in verbs]


def test_the_page_of_the_risk_names_who_got_access(client, ana, bo, risk):
    operations.add(title="Cap it", about=risk.subject, owner=bo, by=SYSTEM, at=AT)

    page = " ".join(
        client.get(reverse("risklog:risk_detail", args=[risk.reference])).content.decode().split()
    )

    assert "gave Bo Li access: owns A-" in page


def test_the_preview_of_a_bulk_change_warns_of_who_will_see_the_restricted_risk(client, ana, bo, risk):
    action, open_one = (
        operations.add(title="Cap", about=about, by=SYSTEM, at=AT) for about in (risk.subject, None)
    )
    warning = "Bo Li will see it although it is restricted."

    for url, rows in (
        ("/actions/bulk/", [action.pk, open_one.pk]),
        ("/risks/bulk/", [risk.pk, risks.risk().pk]),
    ):
        page = client.post(url, {"sel": rows, "owner": bo.pk, "step": "preview"}).content.decode()
        assert page.count(warning) == 1
