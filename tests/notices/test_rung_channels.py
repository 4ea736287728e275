"""A rung chooses by which channels it tells its people: the inbox always, email, and webhooks."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from standardwebhooks import Webhook

from history import relay
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Entry, Message, WebhookDelivery, WebhookEndpoint
from notices.operations import delivery
from notices.operations import endpoint as endpoints
from people.states import Role
from risklog.models import Climb, Ladder, Rung
from risklog.operations import escalation as escalations
from risklog.operations import escalation_pauses, top_rung
from risklog.operations import ladder as ladders
from risklog.states import Who
from tests.conftest import AT
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
LIST, API = "/risks/escalations/", "/api/v1"
LATER = AT + timedelta(hours=2)


@pytest.fixture
def ada(client):
    """A risk manager, who is signed in. The organisation is in UTC."""
    people.organisation(time_zone="UTC")
    person = people.user("Ada", role=Role.ADMINISTRATOR)
    client.force_login(person)
    return person


@pytest.fixture
def ana(db):
    return people.user("Ana Moreau")


def webhook(sink, owner, name="Risk alerts", **fields) -> WebhookEndpoint:
    place = name.replace(" ", "")[:4]
    values = {"url": f"{sink.url}/{place}", "verbs": [], "owner": owner, "is_for_ladders": True}
    return endpoints.add(name=name, **{**values, **fields}, by=SYSTEM, at=AT)


def ladder(*rungs) -> Ladder:
    return make.ladder(*((Who.PERSON, 60, {"is_round_the_clock": True, **rung}) for rung in rungs))


def send(at=AT):
    relay.relay(at=at)
    WebhookDelivery.objects.filter(state="pending").update(not_before=Now() - timedelta(seconds=1))
    return delivery.send_due(at=at)


def texts(response) -> str:
    return " ".join(response.content.decode().split())


# ------------------------------------------------------------------ what is told


def test_a_rung_tells_its_webhook_once_signed_and_the_others_get_nothing(sink, ada, ana):
    told, other = webhook(sink, ada), webhook(sink, ada, "Other")
    ladder({"people": [ana], "webhooks": [told.pk]})
    escalation = make.escalation(about=make.model().subject)

    for _ in range(3):
        send()

    (got,) = sink.got
    assert got.path == "/Risk"
    headers = {name.lower(): value for name, value in got.headers.items()}
    body = Webhook(told.secret).verify(got.body, headers)
    assert body["type"] == "risklog.escalation_climbed"
    assert body["data"]["subject"]["reference"] == escalation.reference
    assert not WebhookDelivery.objects.filter(endpoint=other).exists()
    assert Message.objects.filter(user=ana, verb="risklog.escalation_climbed").count() == 1


def test_a_webhook_that_has_also_chosen_the_event_gets_it_once(sink, ada, ana):
    told = webhook(sink, ada, verbs=["risklog.escalation_climbed"])
    ladder({"people": [ana], "webhooks": [told.pk]})
    make.escalation(about=make.model().subject)

    send()

    assert len(sink.got) == 1


@pytest.mark.parametrize("shape", ["slack", "teams"])
def test_a_chat_gets_a_message(sink, ada, ana, shape):
    ladder({"people": [ana], "webhooks": [webhook(sink, ada, shape=shape).pk]})
    escalation = make.escalation(about=make.model().subject)

    send()

    body = json.loads(sink.got[0].body)
    text = body["text"] if shape == "slack" else json.dumps(body["attachments"][0]["content"])
    assert escalation.reference in text
    assert escalation.title in text


def test_a_rung_without_email_tells_in_the_app_only(ada, ana):
    ladder({"people": [ana], "by_mail": False})
    make.escalation(about=make.model().subject)

    relay.relay(at=AT)

    climbed = Event.objects.get(verb="risklog.escalation_climbed")
    assert Entry.objects.filter(user=ana, event=climbed, is_urgent=True).exists()
    assert not Message.objects.filter(event=climbed).exists()


def test_the_owners_sight_is_asked_at_the_moment_of_sending(sink, ada, ana):
    team = people.team("Fraud")
    mia = people.user("Mia", teams=[team])
    hidden, seen = webhook(sink, ada, "Of Ada"), webhook(sink, mia, "Of Mia")
    ladder({"people": [ana], "webhooks": [hidden.pk, seen.pk]})
    model = make.model(viewers=[team.subject_id])
    escalation = make.escalation(about=model.subject)

    send()

    assert len(sink.got) == 1
    assert escalation.reference in sink.got[0].body.decode()
    states = dict(WebhookDelivery.objects.values_list("endpoint__name", "state"))
    assert states == {"Of Ada": "unwanted", "Of Mia": "done"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"is_active": False}, "The webhook is paused."),
        (
            {"is_for_ladders": False, "verbs": ["risklog.risk_opened"]},
            "Ladders may not use this webhook any more.",
        ),
    ],
)
def test_one_that_is_paused_or_withdrawn_gets_nothing_and_the_log_says_so(client, sink, ada, change, why):
    told = webhook(sink, ada)
    ladder({"people": [ada], "webhooks": [told.pk]})
    endpoints.change(told, change, by=SYSTEM, at=AT)
    escalation = make.escalation(about=make.model().subject)

    send()

    row = WebhookDelivery.objects.get()
    assert (sink.got, row.state, row.error) == ([], "unwanted", why)
    page = texts(client.get(f"{LIST}{escalation.reference}/"))
    assert "In the app, by email, webhook Risk alerts (not sent)" in page


def test_each_way_to_notify_a_rung_uses_its_channels(sink, ada, ana):
    """It climbs, is de-escalated, resumed after a pause, acknowledged and lapsed, and called again."""
    low, high = webhook(sink, ada, "Low"), webhook(sink, ada, "High")
    ladder(
        {"people": [ana], "webhooks": [low.pk]}, {"people": [ada], "webhooks": [high.pk], "by_mail": False}
    )
    escalation = make.escalation(about=make.model().subject)
    by = {"by": Actor(ada, "page")}
    relay.act_on_dues(at=LATER)
    escalation.refresh_from_db()
    assert escalation.rung == 2
    escalation_pauses.pause(escalation, reason="Holiday", until=LATER + timedelta(hours=1), at=LATER, **by)
    escalation.refresh_from_db()
    escalation_pauses.resume(escalation, at=LATER + timedelta(minutes=1), **by)
    escalation.refresh_from_db()
    top_rung.call_again(escalation, at=LATER + timedelta(hours=2), **by)
    escalation.refresh_from_db()
    escalations.step_down(escalation, reason="Too high", at=LATER + timedelta(hours=3), **by)

    send(LATER + timedelta(hours=4))

    told = list(WebhookDelivery.objects.order_by("event").values_list("endpoint__name", "verb"))
    assert told == [
        ("Low", "risklog.escalation_climbed"),
        ("High", "risklog.escalation_climbed"),
        ("High", "risklog.escalation_resumed"),
        ("High", "risklog.escalation_called_again"),
        ("Low", "risklog.escalation_stepped_down"),
    ]
    mailed = Message.objects.values_list("verb", flat=True)
    assert set(mailed) == {"risklog.escalation_climbed", "risklog.escalation_stepped_down"}
    assert Message.objects.filter(verb="risklog.escalation_climbed").get().user == ana
    channels = Climb.objects.order_by("id").values_list("by_mail", "webhooks")
    assert list(channels) == [(True, [low.pk]), (False, [high.pk]), (False, [high.pk]), (True, [low.pk])]


def test_a_running_climb_keeps_the_channels_it_started_with(sink, ada, ana):
    first, second = webhook(sink, ada, "First"), webhook(sink, ada, "Second")
    made = ladder({"people": [ana]}, {"people": [ada], "webhooks": [first.pk]})
    make.escalation(about=make.model().subject)
    rung = {"who": Who.PERSON, "people": [ada], "within_minutes": 60, "webhooks": [second.pk]}
    ladders.change_rungs(made, [rung], by=SYSTEM, at=AT)

    relay.act_on_dues(at=LATER)
    send(LATER)

    assert [row.endpoint for row in WebhookDelivery.objects.all()] == [first]


# ------------------------------------------------------------------ the choice


def test_a_rung_chooses_in_the_form_and_the_next_edit_keeps_it(client, sink, ada, ana):
    told = webhook(sink, ada)
    webhook(sink, ada, "Not for ladders", is_for_ladders=False, verbs=["risklog.risk_opened"])
    made = ladder({"people": [ana]})
    url = f"/risks/ladder/{made.pk}/edit/"
    page = client.get(url).content.decode()
    assert "Also by webhook" in page
    assert ("Risk alerts" in page, "Not for ladders" in page) == (True, False)

    answer = client.post(
        url,
        {
            "name": made.name, "version": made.version, "rung-TOTAL_FORMS": 1, "rung-INITIAL_FORMS": 0,
            "rung-0-who": "person", "rung-0-people": [ana.pk], "rung-0-amount": 1, "rung-0-unit": 60,
            "rung-0-webhooks": [told.pk], "rung-0-without_mail": "on",
        },
    )  # fmt: skip

    assert answer.status_code == 303
    rung = Rung.objects.get(ladder_version__ladder=made, ladder_version__is_current=True)
    assert (rung.by_mail, rung.webhooks) == (False, [told.pk])
    again = client.get(url).content.decode()
    assert f'<option value="{told.pk}" selected>Risk alerts</option>' in again
    assert 'name="rung-0-without_mail" id="id_rung-0-without_mail" checked' in again


def test_without_a_webhook_for_ladders_the_form_does_not_ask(client, ada, ana):
    made = ladder({"people": [ana]})

    assert "Also by webhook" not in client.get(f"/risks/ladder/{made.pk}/edit/").content.decode()


def test_by_api_a_rung_chooses_and_an_unknown_webhook_is_refused_by_name(client, sink, ada, ana):
    told = webhook(sink, ada)
    rung = {"who": "person", "people": [ana.pk], "within_minutes": 60}
    body = {"name": "Loud", "rungs": [{**rung, "by_mail": False, "webhooks": [told.pk]}, rung]}

    made = client.post(f"{API}/ladders", body, content_type="application/json").json()

    channels = [(one["by_mail"], one["webhooks"]) for one in made["rungs"]]
    assert channels == [(False, [told.pk]), (True, [])]
    body["rungs"][0]["webhooks"] = [told.pk + 100]
    refused = client.post(f"{API}/ladders", body, content_type="application/json")
    assert refused.status_code == 422
    text = f"Rung 1: ladders cannot use a webhook {told.pk + 100}. They can use {told.pk} (Risk alerts)."
    assert text in json.dumps(refused.json())


def test_an_administrator_lets_ladders_use_a_webhook_without_events(client, sink, ada):
    url = f"{API}/webhook-endpoints"
    body = {"name": "Ops", "url": sink.url, "is_for_ladders": True}

    made = client.post(url, body, content_type="application/json").json()

    assert (made["is_for_ladders"], made["verbs"]) == (True, [])
    endpoint = WebhookEndpoint.objects.get()
    with pytest.raises(Refused, match="Choose at least one event, or let ladders use this webhook"):
        endpoints.change(endpoint, {"is_for_ladders": False}, by=SYSTEM, at=AT)
    form = {"name": "Ops", "url": sink.url, "shape": "slack", "owner": ada.pk, "is_active": "on"}
    page = reverse("notices:webhook_edit", args=[endpoint.pk])
    kept = client.post(page, {**form, "is_for_ladders": "on", "version": endpoint.version})
    endpoint.refresh_from_db()
    assert (kept.status_code, endpoint.shape, endpoint.is_for_ladders) == (303, "slack", True)
    refused = client.post(page, {**form, "version": endpoint.version})
    assert refused.status_code == 422
    assert "Choose at least one event, or let ladders use this webhook." in refused.content.decode()


# ------------------------------------------------------------------ what readers see


def test_the_public_page_and_the_preview_say_by_which_channels(client, sink, ada, ana):
    told = webhook(sink, ada)
    ladder({"people": [ana], "webhooks": [told.pk]}, {"people": [ana], "by_mail": False})
    client.force_login(people.user("Vera", role=Role.VIEWER))

    page = texts(client.get("/risks/ladder/"))

    assert "In the app, by email, webhook Risk alerts<" in page
    assert "In the app<" in page
    assert sink.url not in page
    calls = client.get(f"{API}/ladders/preview").json()["rungs"]
    assert [(call["by_mail"], call["webhooks"]) for call in calls] == [
        (True, [{"id": told.pk, "name": "Risk alerts"}]),
        (False, []),
    ]


def test_the_log_of_an_escalation_says_which_channel_told_whom_and_what_comes_next(client, sink, ada, ana):
    told = webhook(sink, ada)
    ladder(
        {"people": [ana], "webhooks": [told.pk]}, {"people": [ada], "webhooks": [told.pk], "by_mail": False}
    )
    escalation = make.escalation(about=make.model().subject)
    relay.relay(at=AT)
    url = f"{LIST}{escalation.reference}/"
    assert "In the app, by email, webhook Risk alerts (waiting)" in texts(client.get(url))

    send()

    page = texts(client.get(url))
    assert "In the app, by email, webhook Risk alerts (sent)" in page
    assert "In the app, webhook Risk alerts<" in page
    body = client.get(f"{API}/escalations/{escalation.reference}").json()
    assert [(one["by_mail"], one["webhooks"]) for one in body["climbs"]] == [(True, [told.pk])]
    plan = client.get(f"{API}/escalations/{escalation.reference}/plan").json()["rungs"]
    assert plan[0]["webhooks"] == [{"id": told.pk, "name": "Risk alerts"}]


def test_the_page_of_ladders_asks_the_same_for_one_and_three_rungs_with_webhooks(client, sink, ada, ana):
    def asked():
        client.get("/risks/ladder/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/risks/ladder/")
        return len(captured)

    made = ladder({"people": [ana], "webhooks": [webhook(sink, ada).pk]})
    one = asked()
    others = [webhook(sink, ada, name).pk for name in ("Second", "Third")]
    rung = {"who": Who.PERSON, "people": [ana], "within_minutes": 60}
    rungs = [{**rung, "webhooks": [pk]} for pk in (*others, others[0])]
    ladders.change_rungs(made, rungs, by=SYSTEM, at=AT)

    assert asked() == one
