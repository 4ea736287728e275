"""Invisible characters are removed from all input: pages, API, intake, operations."""

import json
from xml.etree import ElementTree

import pytest

from actions.models import Action
from catalogue.models import Model
from history.models import Event, Subject
from kit.actor import SYSTEM
from learnings.models import Learning
from people.operations import token
from people.states import Role
from risklog.operations import risk as risk_operations
from signals.models import Alert, BreachGroup, Series
from tests.conftest import AT
from tests.factories import learnings, people, risks, signals

pytestmark = pytest.mark.django_db
# Characters from slides, old mainframes, right-to-left tricks and word processors.
DIRTY = "Scores\x0bdrift\u202e\u200b\x85fast\x1c\u2028now"
ONE_LINE, MANY_LINES = "Scores drift fast now", "Scores\ndrift\nfast\n\nnow"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def api(client, ana):
    _, text = token.issue(ana, name="tool", scope="write", by=SYSTEM, at=AT)

    def send(method, address, body, **headers):
        call = getattr(client, method)
        headers = {"Authorization": f"Bearer {text}", **headers}
        return call(address, json.dumps(body), content_type="application/json", headers=headers)

    client.logout()
    return send


def test_a_page_stores_a_clean_title_and_clean_lines(client, ana):
    form = {"title": DIRTY, "details": DIRTY, "type": "mitigation"}
    answer = client.post("/actions/new/", form)

    assert answer.status_code in (302, 303), answer.content.decode()[:2000]
    action = Action.objects.select_related("subject").get()
    assert (action.title, action.subject.title) == (ONE_LINE, ONE_LINE)
    assert action.details == MANY_LINES


def test_a_page_refuses_a_title_that_nobody_can_see(client, ana):
    answer = client.post("/learnings/new/", {"title": "\u200b\u3164\u202e", "seen": "x"})

    assert answer.status_code == 422
    assert not Learning.objects.exists()


def test_a_password_is_taken_as_it_was_typed(client):
    person = people.user("Ana")
    person.set_password("ten\u200bletters and\x0bmore")
    person.save()

    answer = client.post(
        "/people/sign-in/", {"email": person.email, "password": "ten\u200bletters and\x0bmore"}
    )

    assert answer.status_code == 303


def test_the_api_stores_a_clean_title_and_clean_lines(api):
    answer = api("post", "/api/v1/models", {"name": DIRTY, "slug": "scores", "purpose": DIRTY})

    assert answer.status_code == 201, answer.content
    model = Model.objects.select_related("subject").get()
    assert (model.name, model.subject.title, model.purpose) == (ONE_LINE, ONE_LINE, MANY_LINES)


def test_operations_store_clean_texts_whoever_calls_them():
    risk = risks.risk(DIRTY, description=DIRTY)
    assert (risk.title, risk.subject.title) == (ONE_LINE, ONE_LINE)
    assert risk.description == MANY_LINES

    risk_operations.change(risk, {"title": f"{DIRTY}\nagain"}, by=SYSTEM, at=AT)
    assert Subject.objects.get(pk=risk.subject_id).title == f"{ONE_LINE} again"
    assert not any(
        letter in json.dumps(event.data, ensure_ascii=False)
        for event in Event.objects.all()
        for letter in "\x0b\u202e\x85"
    )


def test_an_alert_cannot_add_line_breaks_to_a_title(client):
    labels = signals.sent_alert("age")["labels"]
    told = signals.sent_alert("age") | {
        "labels": labels | {"alertname": "Drift\r\n\r\nOpen: http://evil.example", "pod\x1b": "a\u2029b"},
        "annotations": {"summary": "one\x85two", "value": "1"},
    }
    signals.alerts(told)

    alert = Alert.objects.get()
    assert alert.name == "Drift Open: http://evil.example"
    assert alert.labels["pod"] == "a b" and alert.annotations["summary"] == "one\ntwo"
    assert "\n" not in BreachGroup.objects.get().title


def test_a_point_brings_a_clean_name():
    signals.store(
        {"points": [{"model": "fraud\x0bscore", "metric": "psi\u202e", "ts": AT.isoformat(), "value": 1}]}
    )

    series = Series.objects.get()
    assert (series.model_name, series.metric) == ("fraud score", "psi")


@pytest.mark.parametrize("dirt", ["\x0b", "\x1c", "\x85", "\u2028", "\ufffe", "\x1b", "\u202e"], ids=ascii)
def test_the_feed_carries_what_was_stored_before_there_was_a_rule(client, ana, dirt):
    stored = learnings.published("Drift")
    Learning.objects.filter(pk=stored.pk).update(
        title=f"Dr{dirt}ift", seen=f"It{dirt}drifted", tags=[f"d{dirt}"]
    )

    answer = client.get("/learnings/feed.atom")

    assert answer.status_code == 200
    assert dirt not in answer.content.decode()
    ElementTree.fromstring(answer.content)  # noqa: S314 - a feed of this site
