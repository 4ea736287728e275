"""The pages of incidents: declare, list, detail, edit, steps, visibility, and the panels elsewhere."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from incidents.models import Incident
from kit.actor import SYSTEM
from people.states import Role
from risklog.operations import risk as risk_operations
from tests.conftest import AT
from tests.factories import catalogue, people, risks, signals
from tests.factories.incidents import incident
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db
LIST = "/incidents/"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def once_of(page):
    return page.context["form"], page.content.decode().split('name="once" value="')[1].split('"')[0]


def declare(client, query="", **values):
    page = client.get(f"{LIST}new/{query}")
    form, once = once_of(page)
    preset = {name: value for name, value in form.initial.items() if isinstance(value, str)}
    return client.post(f"{LIST}new/", {**preset, "once": once, **values})


def test_an_incident_is_declared_with_three_fields(client, ana):
    model = catalogue.model()
    answer = declare(client, title="Scores are old", severity="high", model=model.pk)

    declared = Incident.objects.get()
    assert answer.url == f"{LIST}{declared.reference}/"
    assert (declared.declared_by, declared.model) == (ana, model)
    assert "Scores are old" in client.get(answer.url).content.decode()


def test_a_breach_fills_in_the_form_and_a_second_report_joins(client, ana):
    group = signals.breach_group()
    page = client.get(f"{LIST}new/?about={group.reference}")
    form = page.context["form"]
    assert form.initial["title"] == group.title and form.initial["started_at"] == group.opened_at
    assert "Evidence of" in form.initial["summary"]

    declare(client, f"?about={group.reference}")
    again = declare(client, f"?about={group.reference}", title="Again")
    shown = client.get(again.url).content.decode()

    assert Incident.objects.get().breach_group == group
    assert "was declared already" in shown and "Again" in shown


def test_a_risk_fills_in_the_form(client, ana):
    risk = risks.risk("Labels lag", affected="Customers", cause="The vendor is late", likelihood=5, impact=5)
    initial = client.get(f"{LIST}new/?about={risk.reference}").context["form"].initial

    assert (initial["title"], initial["affected"], initial["severity"]) == (
        "Labels lag",
        "Customers",
        "critical",
    )
    assert "The vendor is late" in initial["summary"]


def test_what_the_reader_may_not_see_fills_in_nothing(client, ana):
    team = people.team("Security")
    hidden = risks.risk("Zanzibar", viewers=[team.subject_id])
    page = client.get(f"{LIST}new/?about={hidden.reference}")
    assert "Zanzibar" not in page.content.decode()
    _, once = once_of(page)
    sent = {"title": "x", "severity": "low", "about": hidden.reference, "once": once}
    refused = client.post(f"{LIST}new/", sent)
    assert refused.status_code == 422 and not Incident.objects.exists()


def test_the_list_takes_the_same_queries_for_one_and_for_three(client, ana):
    incident(model=catalogue.model(), about=signals.breach_group("one").subject)
    client.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(LIST)
    for name in ("two", "three"):
        incident(model=catalogue.model(), about=signals.breach_group(name).subject, person=ana)
    with CaptureQueriesContext(connection) as three:
        page = client.get(LIST)

    assert len(page.context["page"].rows) == 3
    assert len(one) == len(three)


def test_the_list_leaves_out_withdrawn_ones_and_filters(client, ana):
    gone, high, low = incident(state="withdrawn"), incident(), incident(severity="low")

    def shown(query=""):
        return {row.pk for row in client.get(f"{LIST}{query}").context["page"].rows}

    assert shown() == {high.pk, low.pk}
    assert shown("?state=withdrawn") == {gone.pk}
    assert shown("?severity=low") == {low.pk}
    assert shown(f"?q={gone.reference}") == {gone.pk}
    assert shown("?role=none&severity=high") == {high.pk}


def test_a_step_is_taken_and_a_refused_one_keeps_its_form_open(client, ana):
    declared = incident(noticed_at=AT - timedelta(hours=1))
    address = f"{LIST}{declared.reference}/mitigate/"
    early = {"version": declared.version, "mitigated_at": "2020-01-01T10:00", "text": "Rolled back"}
    refused = client.post(address, early)
    assert refused.status_code == 422
    assert "before it was noticed" in refused.content.decode() and "Rolled back" in refused.content.decode()

    client.post(address, {"version": declared.version, "text": "Rolled back"})
    declared.refresh_from_db()
    assert (declared.state, declared.mitigated_at) == ("mitigated", AT)
    assert "Rolled back" in client.get(f"{LIST}{declared.reference}/").content.decode()


def test_a_link_that_the_reader_may_not_see_is_on_no_page_and_in_no_export(client, ana):
    reader, team = people.user(), people.team("Security")
    risk = risks.risk("Zanzibar")
    declared = incident(model=catalogue.model(name="Zanzibar scorer"), about=risk.subject)

    risk_operations.restrict(risk, teams=[team], by=SYSTEM, at=AT)
    history.restrict(declared.model.subject, {team.subject_id})
    client.force_login(reader)
    for address in (LIST, f"{LIST}{declared.reference}/", f"{LIST}export/?format=csv"):
        answer = client.get(address)
        text = answer.getvalue().decode() if answer.streaming else answer.content.decode()
        assert declared.title in text and "Zanzibar" not in text


@pytest.mark.parametrize("kind", ["model", "breach", "risk"])
def test_pages_list_their_incidents_and_declare_one(client, ana, kind):
    group = signals.breach_group(catalogue.model())
    risk = risks.risk()
    about = {"model": None, "breach": group.subject, "risk": risk.subject}[kind]
    declared = incident("Seen elsewhere", model=group.model, about=about)
    address = {
        "model": f"/models/{group.model.slug}/",
        "breach": f"/signals/breaches/{group.reference}/",
        "risk": f"/risks/{risk.reference}/",
    }[kind]
    page = whole_page(client, address)

    assert f"/incidents/{declared.reference}/" in page and "/incidents/new/?" in page


def test_a_chart_of_its_model_is_pinned_from_its_page(client, ana):
    series = signals.series(catalogue.model())
    declared = incident(model=series.model)
    link = f"/signals/dashboards/model/{series.model.slug}/?pin={declared.reference}"
    assert f'href="{link}#snapshot"' in client.get(f"{LIST}{declared.reference}/").content.decode()

    form = client.get(link).context["form"]
    assert form["pinned_to"].value() == declared.reference
    path = f"/signals/dashboards/model/{series.model.slug}/snapshot/"
    once = client.get(link).content.decode().split('name="once" value="')[1].split('"')[0]
    answer = client.post(path, {"name": "As it was", "pinned_to": declared.reference, "once": once})

    assert answer.status_code == 303
    assert "As it was" in client.get(f"{LIST}{declared.reference}/").content.decode()
