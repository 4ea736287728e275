"""The answers match the published description, row by row, for the six weeks of the sample."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from actions.operations import blocked
from catalogue.models import Workflow
from history.models import Subject
from incidents.models import Incident
from kit.actor import SYSTEM, Actor
from learnings.models import LearningSession, LearningUse
from meetings.models import Meeting, Swap, Tripwire
from meetings.operations import agenda_template, check_in, swap
from meetings.queries import series as queries
from notices.models import WebhookEndpoint
from notices.operations import delivery, endpoint
from people.models import ServiceAccount, Team, Token, User
from people.operations import auditor, invitation, organisation, person, roster, service_account, token
from riskhub import schema
from risklog.models import Challenge, Import, Risk, Template, TemplateVersion
from risklog.operations import acceptance, filled_template, imports, scoring
from risklog.states import RiskState
from signals.models import Dashboard, Delivery, Mute
from talk.operations import watch
from tests.conftest import AT
from tests.factories import actions, risks, signals

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def token_text(six_weeks_database, django_db_blocker):
    """Create what the sample does not have. Returns a token of an administrator."""
    with django_db_blocker.unblock(), time_machine.travel(AT, tick=False), transaction.atomic():
        return _fill()


def _fill() -> str:
    boss = User.objects.get(email="admin@example.org")
    made, text = token.issue(boss, name="t", scope="write", by=SYSTEM, at=AT)
    check_in.note(text="The null share halved.", by=Actor(boss, "api", token=made), at=AT)
    by = Actor(boss, "page")
    robot = service_account.add(name="Nightly", purpose="Loads the register.", responsible=boss, by=by, at=AT)
    token.issue(robot, name="t", by=by, at=AT)
    invitation.invite(["guest@example.org"], by=by, at=AT)
    Client().force_login(boss)
    watch.start(Subject.objects.get(reference="R-1"), by=by, at=AT)
    person.be_away(boss, from_on=AT.date(), until_on=AT.date(), by=by, at=AT)
    organisation.add_day_off(date=AT.date() + timedelta(days=9), name="Founding day", by=by, at=AT)
    sofia = User.objects.select_related("function").get(email="sofia@example.org")
    roster.add(function=sofia.function, people=[sofia], starts_on=AT.date(), by=by, at=AT)
    sheet = io.BytesIO(b"Risk,Category\nScores drift,Data drift\nLate labels,Nothing\n")
    imports.take(sheet, name="risks.csv", by=by, at=AT)
    asked = User.objects.filter(
        email__in=[f"{name}@example.org" for name in ("ana", "jonas", "sofia", "wei")]
    )
    scored = Risk.objects.select_related("subject").get(subject__reference="R-2")
    scoring.start(scored, users=list(asked), ends_on=AT.date(), by=by, at=AT)
    auditor.note_reading(_auditor(), "/risks/R-2/", ["R-2"], by=by, at=AT)
    template = Template.objects.order_by("pk").first()
    filled_template.add(
        template=template,
        about=Subject.objects.get(reference="R-1"),
        values=_values_of(template),
        by=by,
        at=AT,
    )
    _note_and_send(by)
    return text


@pytest.fixture
def ask(client, token_text, db):
    """Return a function that requests as an administrator and checks the answer against its description."""
    document = schema.document()

    def ask(path, address, **headers):
        answer = client.get(address, headers={"Authorization": f"Bearer {token_text}", **headers})
        described = document["paths"][path]["get"]["responses"][str(answer.status_code)]["content"]
        wanted = described[answer["Content-Type"]]["schema"] | {"components": document["components"]}
        body = json.loads(answer.content)
        wrong = list(Draft202012Validator(wanted, format_checker=FormatChecker()).iter_errors(body))
        assert not wrong, (address, [(list(one.absolute_path), one.message) for one in wrong[:3]])
        return body

    return ask


LISTS = sorted(
    path
    for path, methods in schema.document()["paths"].items()
    if any(one["name"] == "limit" for one in methods.get("get", {}).get("parameters", []))
)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_its_items_and_its_errors(ask, path):
    required = {"points": "&series=1", "search": "&q=drift", "likely": "&title=drift"}.get(
        path.rpartition("/")[2], ""
    )

    address = path.format(key=_key_of(path))

    rows = ask(path, f"{address}?limit=50{required}")["results"]

    assert rows
    for wrong in ("limit=0", "order=colour", "colour=red", "after=x"):
        ask(path, f"{address}?{wrong}{required}")
    ask(path, address, Authorization="")
    if "get" in schema.document()["paths"].get(f"{path}/{{key}}", {}):
        for row in rows[:10]:
            ask(f"{path}/{{key}}", f"{path}/{row['id']}")
        ask(f"{path}/{{key}}", f"{path}/999999999")


def _note_and_send(by: Actor) -> None:
    """Create what the sample does not have: a check-in, a template, a swap, a delivery and others."""
    check_in.note(text="The null share of income doubled.", by=by, at=AT)
    item = {"title": "Open actions", "minutes": 5, "purpose": "discuss"}
    agenda_template.add(name="Weekly", items=[item], by=by, at=AT)
    meeting = Meeting.objects.filter(starts_at__gt=AT).select_related("series", "facilitator").earliest("id")
    others = queries.participants(meeting.series).exclude(pk=meeting.facilitator_id)
    swap.ask(meeting, asked=others.order_by("pk")[0], by=Actor(meeting.facilitator), at=AT)
    hook = endpoint.add(
        name="Operations",
        url="https://hooks.example.org/T0",
        owner=User.objects.get(email="admin@example.org"),
        verbs=["risklog.risk_opened"],
        by=by,
        at=AT,
    )
    delivery.send_test(hook, by=by, at=AT)
    admin = User.objects.get(email="admin@example.org")
    blocked.raise_to(actions.blocked(), admin, at=AT)
    small = risks.risk("Labels lag", state=RiskState.ASSESSING)
    acceptance.propose(small, until=risks.ACCEPTED_UNTIL, reason="It is small.", by=SYSTEM, at=AT)
    signals.snapshot(Dashboard.objects.get(), "Drift of this week", by=admin)


def _key_of(path):
    """Return the key of the object whose list it is, "" for the list of a kind."""
    keys = {
        "models": "credit-pd",
        "imports": Import.objects.get().pk,
        "tokens": Token.objects.get(user__email="admin@example.org", name="t").pk,
        "service-accounts": ServiceAccount.objects.get().pk,
        "risks": "R-2",
        "people": _auditor().pk,
        "dashboards": Dashboard.objects.get().pk,
        "decisions": Tripwire.objects.order_by("pk")[0].decision.reference,
        "meeting-series": Swap.objects.get().meeting.series_id,
        "webhook-endpoints": WebhookEndpoint.objects.get().pk,
        "sources": Delivery.objects.order_by("pk")[0].source.slug,
        "thresholds": Mute.objects.order_by("pk")[0].threshold_id,
        "learnings": LearningUse.objects.order_by("pk")[0].learning.reference,
        "incidents": Incident.objects.order_by("pk")[0].reference,
        "experiments": Challenge.objects.order_by("pk")[0].experiment.reference,
        "workflows": Workflow.objects.order_by("pk")[0].pk,
        "learning-sessions": LearningSession.objects.order_by("pk")[0].pk,
        "teams": Team.objects.get(name="Credit Risk ML").slug,
    }
    return keys.get(path.split("/")[3], "")


def _values_of(template: Template) -> dict[str, str]:
    """Return a text for each required field of a template that takes a text."""
    fields = TemplateVersion.objects.get(template=template, is_current=True).fields
    return {field["key"]: "Seen in the sample." for field in fields if field["type"] in {"line", "text"}}


def _auditor() -> User:
    return User.objects.get(email="victor@example.org")
