"""The *Why* links: each leads to the decision behind it, or to the event that set it."""

from datetime import timedelta

import pytest

from catalogue.operations import decision_right
from history import relay
from history.models import Event
from kit.actor import SYSTEM, Actor
from meetings.models import Decision
from people.states import Role
from risklog.operations import acceptance, appetite, taxonomy
from signals.operations import threshold
from tests.factories import meetings, people, risks, signals

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    person = people.user("Mia Berg", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def link(page: str, kind: str, pk: int) -> str:
    """Return the address of a why link that a page has."""
    address = f"/why/{kind}/{pk}/"
    assert f'href="{address}"' in page
    return address


def test_the_limit_of_a_threshold_leads_to_its_decision_or_to_its_event(client, manager, at):
    series = signals.series()
    version = threshold.propose(
        series, critical=0.3, reason="Thirty days of history.", by=Actor(manager, "page"), at=at
    )
    threshold.agree(version, by=SYSTEM, at=at)
    risk = risks.risk(series=series)
    address = link(client.get(f"/risks/{risk.reference}/").content.decode(), "threshold", version.pk)

    event = Event.objects.get(verb="signals.threshold_agreed")
    page = f"/signals/thresholds/{version.threshold_id}/"
    assert client.get(address).url == f"{page}?event={event.pk}#event-{event.pk}"
    assert f'id="event-{event.pk}"' in client.get(client.get(address).url).content.decode()
    version.agreed_in = meetings.decision().subject
    version.save()
    assert client.get(address).url == f"/meetings/decisions/{version.agreed_in.reference}/"


def test_an_acceptance_leads_to_the_log_of_decisions(client, manager, at):
    risk = risks.risk(state="assessing")
    until = at.date() + timedelta(days=30)
    proposal = acceptance.propose(risk, until=until, reason="It is small.", by=SYSTEM, at=at)
    address = link(client.get(f"/risks/{risk.reference}/").content.decode(), "acceptance", proposal.pk)
    event = Event.objects.get(verb="risklog.acceptance_proposed")
    assert client.get(address).url.endswith(f"?event={event.pk}#event-{event.pk}")

    acceptance.accept(risk, by=Actor(manager, "page"), at=at)
    relay.relay(at=at)

    decision = Decision.objects.get(acceptance=proposal)
    assert client.get(address).url == f"/meetings/decisions/{decision.reference}/"
    page = client.get(f"/risks/{risk.reference}/").content.decode()
    assert page.count(address) == 2  # with the notice, and with the acceptance


def test_a_right_leads_to_its_event_on_the_page_of_the_model(client, manager, at):
    model = risks.model()
    right = decision_right.assign(
        kind="model_change", who="team_lead", why="They know it.", by=SYSTEM, at=at, model=model
    )
    address = link(client.get(f"/models/{model.slug}/").content.decode(), "right", right.pk)

    event = Event.objects.get(verb="catalogue.decision_right_assigned")
    assert client.get(address).url == f"/models/decision-rights/{right.pk}/?event={event.pk}#event-{event.pk}"


def test_an_appetite_leads_to_what_it_is_based_on_also_from_a_risk_above_it(client, manager, at):
    hidden = risks.risk(viewers=[people.team("Fraud").subject_id])
    found = appetite.add(max_score=4, why="Agreed by the board.", because=hidden.subject, by=SYSTEM, at=at)
    risk = risks.risk(likelihood=4, impact=4)
    relay.relay(at=at)
    address = link(client.get(f"/risks/{risk.reference}/").content.decode(), "appetite", found.pk)

    event = Event.objects.get(verb="risklog.appetite_added")
    page = f"/risks/appetites/{found.pk}/"
    assert client.get(address).url == f"{page}?event={event.pk}#event-{event.pk}"
    shown = client.get(page).content.decode()
    assert "Agreed by the board." in shown
    assert hidden.reference not in shown
    assert client.get(f"/api/v1/appetites/{found.pk}").json()["because_reference"] is None
    appetite.change(found, {"because": risk.subject}, by=SYSTEM, at=at)
    assert client.get(address).url == f"/risks/{risk.reference}/"
    assert f'href="/risks/{risk.reference}/"' in client.get(page).content.decode()


def test_a_merge_leads_to_its_decision_or_to_its_event(client, manager, at):
    noise, bias = risks.category("label-noise"), risks.category("sampling-bias")
    taxonomy.merge(noise, into=bias, why="Both mean the same.", by=SYSTEM, at=at)
    page = client.get("/risks/categories/label-noise/").content.decode()
    address = link(page, "merge", noise.pk)
    assert "Both mean the same." in page

    event = Event.objects.get(verb="risklog.category_retired")
    assert client.get(address).url.endswith(f"?event={event.pk}#event-{event.pk}")
    assert client.get(f"/why/merge/{bias.pk}/").status_code == 404
    noise.because = meetings.decision().subject
    noise.save()
    assert client.get(address).url == f"/meetings/decisions/{noise.because.reference}/"


def test_what_a_reader_may_not_see_has_no_answer(client, at):
    team = people.team("Fraud")
    risk = risks.risk(state="assessing", viewers=[team.subject_id])
    until = at.date() + timedelta(days=30)
    proposal = acceptance.propose(risk, until=until, reason="It is small.", by=SYSTEM, at=at)
    client.force_login(people.user("Sam"))

    missing = {client.get(f"/why/acceptance/{pk}/").status_code for pk in (proposal.pk, 10**6, 10**20)}

    assert missing == {404}
    assert client.get("/why/nothing/1/").status_code == 404


def test_the_timeline_opens_at_an_event(client, manager, at):
    from risklog.operations import risk as operations

    risk = risks.risk()
    first = Event.objects.filter(subject=risk.subject).earliest("pk")
    for minutes in range(60):
        values = {"title": f"Title {minutes}"}
        operations.change(risk, values, by=SYSTEM, at=at + timedelta(minutes=minutes + 1))
    page = f"/risks/{risk.reference}/"

    assert f'id="event-{first.pk}"' not in client.get(page).content.decode()
    assert f'id="event-{first.pk}"' in client.get(f"{page}?event={first.pk}").content.decode()
    assert client.get(f"{page}?event=9999999999999999999999").status_code == 200
