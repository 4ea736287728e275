"""Webhooks: signed, as their owner may see, sent again by schedule, and left alone while they fail."""

import json
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from standardwebhooks import Webhook

from history import claims, declarations, relay
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import WebhookDelivery, WebhookEndpoint
from notices.operations import delivery
from notices.operations import endpoint as endpoints
from notices.queries import webhook as webhooks
from people.operations import person as persons
from people.states import Role
from riskhub import schedule
from riskhub.retention import deleting
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
JSON = "application/json"
OPENED = "risklog.risk_opened"
URL = "/api/v1/webhook-endpoints"


@pytest.fixture
def ada(client):
    """An administrator, who is signed in."""
    people.organisation(time_zone="UTC")
    person = people.user("Ada", role=Role.ADMINISTRATOR)
    client.force_login(person)
    return person


def endpoint(sink, owner, **fields) -> WebhookEndpoint:
    values = {"name": "Ops", "url": sink.url + "/hook/T0KEN", "verbs": [OPENED], "owner": owner, **fields}
    return endpoints.add(**values, by=SYSTEM, at=AT)


def send(at=AT):
    """Send what waits, also what waits for its next attempt."""
    relay.relay(at=at)
    WebhookDelivery.objects.update(not_before=Now() - timedelta(seconds=1))
    WebhookEndpoint.objects.update(closed_until=None)
    return delivery.send_due(at=at)


def test_an_event_is_sent_once_signed_and_thin(sink, ada):
    made = endpoint(sink, ada)
    risk = risks.risk(title="Late labels")
    for _ in range(3):
        send()

    (got,) = sink.got
    body = json.loads(got.body)
    event = Event.objects.get(subject=risk.subject, verb=OPENED)
    assert body == {
        "type": OPENED,
        "timestamp": "2026-11-23T10:00:00Z",
        "data": {
            "id": event.pk,
            "subject": {"kind": "risk", "id": risk.pk, "reference": risk.reference},
            "url": f"http://localhost:8000/risks/{risk.reference}/",
        },
    }
    headers = {name.lower(): value for name, value in got.headers.items()}
    assert Webhook(made.secret).verify(got.body, headers) == body
    sent = WebhookDelivery.objects.get()
    assert headers["webhook-id"] == sent.webhook_id
    assert (sent.state, sent.answer_status, sent.answer_text) == ("done", 200, "ok")
    made.refresh_from_db()
    assert made.last_sent_at == AT


def test_the_owners_sight_is_asked_at_the_moment_of_sending(sink, ada):
    team = people.team("Fraud")
    member = people.user("Mia", teams=[team])
    endpoint(sink, ada, name="Of Ada")
    endpoint(sink, member, name="Of Mia")
    risk = risks.risk(title="Zanzibar", viewers=[team.subject_id])

    send()

    states = dict(WebhookDelivery.objects.values_list("endpoint__name", "state"))
    assert states == {"Of Ada": "unwanted", "Of Mia": "done"}
    assert len(sink.got) == 1
    assert risk.reference in sink.got[0].body.decode()
    persons.deactivate(member, by=Actor(ada, "page"), at=AT)
    risks.risk()
    send()
    cancelled = WebhookDelivery.objects.filter(endpoint__name="Of Mia", state="unwanted").get()
    assert cancelled.error == "Mia, who owns this webhook, is deactivated."


def test_a_failure_is_sent_again_with_the_same_id_and_is_dead_after_the_schedule(sink, ada):
    made = endpoint(sink, ada)
    risks.risk()
    sink.answer = lambda got: (500, {}, b"not today")
    for number in range(8):
        send(AT + number * timedelta(minutes=1))

    (row,) = WebhookDelivery.objects.all()
    assert (row.state, row.tries, row.error) == ("dead", 6, "Answered with the status 500.")
    assert (row.answer_status, row.answer_text) == (500, "not today")
    assert len(row.log) == 6
    assert {got.headers["webhook-id"] for got in sink.got} == {row.webhook_id}
    assert len(sink.got) == 6
    assert Event.objects.filter(subject=made.subject, verb="notices.webhook_failing").count() == 1
    sink.answer = lambda got: (204, {}, b"")
    assert delivery.replay(WebhookDelivery.objects.all(), by=SYSTEM, at=AT) == 1
    send()
    row.refresh_from_db()
    assert (row.state, sink.got[-1].headers["webhook-id"]) == ("done", row.webhook_id)


def test_the_pauses_follow_the_schedule_and_what_the_other_side_asks_for(sink, ada):
    endpoint(sink, ada)
    risks.risk()
    relay.relay(at=AT)
    pauses = []
    for asked in ("", "", "7200"):
        sink.answer = lambda got, asked=asked: (429, {"Retry-After": asked} if asked else {}, b"")
        WebhookDelivery.objects.update(not_before=Now())
        WebhookEndpoint.objects.update(closed_until=None)
        delivery.send_due(at=AT)
        row = WebhookDelivery.objects.annotate(pause=F("not_before") - Now()).get()
        pauses.append(row.pause.total_seconds())

    assert 50 < pauses[0] < 70
    assert 260 < pauses[1] < 340
    assert 7000 < pauses[2] < 7300


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            (302, {"Location": "http://127.0.0.1/"}, b""),
            "Answered with a redirect (302), which is not followed. Enter the final address.",
        ),
        ((404, {}, b"no"), "Answered with the status 404."),
    ],
)
def test_what_is_no_success_says_so(sink, ada, answer, error):
    endpoint(sink, ada)
    risks.risk()
    sink.answer = lambda got: answer

    send()

    assert WebhookDelivery.objects.get().error == error


def test_an_endpoint_that_moved_inside_gets_nothing(sink, ada, settings):
    """The address is checked again with each request, not only when it is entered."""
    endpoint(sink, ada)
    settings.OUTGOING_ALLOW = ()
    risks.risk()

    send()

    assert sink.connections == 0
    assert "RISKHUB_OUTGOING_ALLOW" in WebhookDelivery.objects.get().error


def test_an_endpoint_that_fails_is_left_alone_and_the_others_get_theirs(sink, ada):
    broken = endpoint(sink, ada, name="Broken", url=sink.url + "/broken")
    endpoint(sink, ada, name="Fine", url=sink.url + "/fine")
    sink.answer = lambda got: (500 if "broken" in got.path else 200, {}, b"")
    for _ in range(4):
        risks.risk()
        relay.relay(at=AT)
        WebhookDelivery.objects.filter(state="pending").update(not_before=Now())
        delivery.send_due(at=AT)

    broken.refresh_from_db()
    assert broken.failures == 3
    assert WebhookEndpoint.objects.filter(pk=broken.pk, closed_until__gt=Now()).exists()
    assert [got.path for got in sink.got].count(
        "/broken"
    ) == 3  # one in each run, none while it is left alone
    assert WebhookDelivery.objects.filter(endpoint__name="Fine", state="done").count() == 4
    assert all(row.tries <= 3 for row in WebhookDelivery.objects.filter(endpoint=broken))
    sink.answer = lambda got: (200, {}, b"")
    send()
    broken.refresh_from_db()
    assert (broken.failures, broken.closed_until) == (0, None)


def test_an_endpoint_that_is_gone_is_paused_and_its_owner_told(sink, ada):
    made = endpoint(sink, ada)
    risks.risk()
    sink.answer = lambda got: (410, {}, b"")

    send()

    made.refresh_from_db()
    assert made.is_active is False
    (event,) = Event.objects.filter(subject=made.subject, verb="notices.webhook_failing")
    assert event.data["error"] == "It answered 410 Gone."


def test_a_worker_that_dies_between_claim_and_answer_sends_it_again(sink, ada):
    endpoint(sink, ada)
    risks.risk()
    relay.relay(at=AT)
    (row,) = claims.claim(delivery._open(), limit=5)
    WebhookDelivery.objects.filter(pk=row.pk).update(lease_until=Now() - timedelta(seconds=1))
    send()

    assert len(sink.got) == 1
    stale = delivery._send(row, AT)  # the dead worker wakes up
    assert (stale.done, stale.failed, len(sink.got)) == (0, 0, 1)


def test_messages_for_slack_and_teams(sink, ada):
    endpoint(sink, ada, shape="slack")
    endpoint(sink, ada, shape="teams")
    risk = risks.risk(title="Late <labels> & [more](http://train.py)")

    send()

    slack, teams = (json.loads(got.body) for got in sorted(sink.got, key=lambda got: len(got.body)))
    url = f"http://localhost:8000/risks/{risk.reference}/"
    assert slack["text"].startswith(
        f"<{url}|{risk.reference} Late &lt;labels&gt; &amp; [more](http://train.py)>: "
    )
    card = teams["attachments"][0]["content"]
    (title,), (what,) = (block["inlines"] for block in card["body"])
    assert title["text"] == f"{risk.reference} Late <labels> & [more](http://train.py)"
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}, "A TextBlock reads Markdown"
    assert card["actions"][0]["url"] == url
    assert "risk" in what["text"]


def test_no_private_event_can_be_chosen(ada, sink):
    known = webhooks.public_verbs()
    assert "people.signed_in" not in known
    assert "notices.webhook_added" not in known
    assert all(declarations.find(verb).is_public for verb in known)
    with pytest.raises(Refused, match="no event"):
        endpoint(sink, ada, verbs=["people.signed_in"])
    with pytest.raises(Refused, match=r"risklog\.risk_opened"):
        endpoint(sink, ada, verbs=["risklog.risk_open"])
    with pytest.raises(Refused, match="at least one"):
        endpoint(sink, ada, verbs=[])


def test_the_database_and_history_have_no_secret(sink, ada):
    made = endpoint(sink, ada)
    digest = made.secret.removeprefix("whsec_")

    row = str(WebhookEndpoint.objects.values().get(pk=made.pk))
    events = str(list(Event.objects.filter(subject=made.subject).values()))
    assert digest not in row + events
    assert "T0KEN" not in events
    assert made.nonce not in events
    before = made.secret
    endpoints.renew_secret(made, by=SYSTEM, at=AT)
    assert WebhookEndpoint.objects.get().secret != before


def test_old_deliveries_are_forgotten(sink, ada):
    endpoint(sink, ada)
    risks.risk()
    send()
    schedule.tidy()
    assert WebhookDelivery.objects.count() == 1

    deleting.run(AT + timedelta(days=31))

    assert not WebhookDelivery.objects.exists()


# ------------------------------------------------------------------ pages


def test_a_webhook_is_added_tested_edited_and_replayed_by_pages(client, ada, sink):
    pages = {name: reverse(f"notices:webhook_{name}") for name in ("list", "create")}
    assert "No webhooks yet" in client.get(pages["list"]).content.decode()
    form = {
        "name": "Ops",
        "url": sink.url + "/T0KEN",
        "shape": "standard",
        "owner": ada.pk,
        "verbs": [OPENED],
    }
    refused = client.post(pages["create"], {**form, "url": "http://10.0.0.1/", "verbs": []})
    assert refused.status_code == 422
    assert "Choose at least one event, or let ladders use this webhook." in refused.content.decode()
    made = client.post(pages["create"], form)
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secret in made.content.decode()
    page = reverse("notices:webhook_detail", args=[endpoint.pk])
    shown = client.get(page).content.decode()
    assert endpoint.secret not in shown
    assert "T0KEN" not in shown
    assert "Nothing was sent yet" in shown

    client.post(reverse("notices:webhook_test", args=[endpoint.pk]))
    send()
    assert json.loads(sink.got[0].body)["type"] == "notices.webhook_test"
    assert "answered 200" in client.get(page).content.decode()
    edit = reverse("notices:webhook_edit", args=[endpoint.pk])
    assert client.post(edit, {**form, "name": "Ops two"}).status_code == 428
    saved = client.post(edit, {**form, "name": "Ops two", "version": endpoint.version})
    assert saved.status_code == 303
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.is_active) == ("Ops two", False)  # the box was not ticked
    answer = client.post(
        reverse("notices:webhook_secret", args=[endpoint.pk]), {"version": endpoint.version}
    ).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.secret in answer
    replay = reverse("notices:webhook_replay", args=[endpoint.pk])
    client.post(replay, {"delivery": str(WebhookDelivery.objects.get().pk)})
    assert WebhookDelivery.objects.get().state == "pending"
    client.post(replay, {"delivery": "nonsense"})


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, ada, sink):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def statements(url) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    first = endpoint(sink, ada)
    risks.risk()
    send()
    urls = [
        reverse("notices:webhook_list"),
        reverse("notices:webhook_detail", args=[first.pk]),
        URL,
        f"{URL}/{first.pk}/deliveries",
    ]
    for url in urls:
        statements(url)
    for_one = [statements(url) for url in urls]
    for _ in range(2):
        endpoint(sink, people.user(role=Role.ADMINISTRATOR))
        risks.risk()
    send()

    assert [statements(url) for url in urls] == for_one


def test_a_restricted_object_is_not_named_to_administrators(client, ada, sink):
    team = people.team("Fraud")
    member = people.user("Mia", teams=[team])
    made = endpoint(sink, member)
    risk = risks.risk(title="Zanzibar", viewers=[team.subject_id])
    send()

    page = client.get(reverse("notices:webhook_detail", args=[made.pk])).content.decode()
    row = client.get(f"{URL}/{made.pk}/deliveries").json()["results"][0]

    assert risk.reference not in page
    assert "Restricted" in page
    assert row["subject_reference"] is None


# ------------------------------------------------------------------ API


def test_a_webhook_by_api(client, ada, sink):
    body = {"name": "Ops", "url": sink.url + "/T0KEN", "verbs": [OPENED]}
    keyed = client.post(URL, body, content_type=JSON, headers={"Idempotency-Key": "x"})
    assert keyed.status_code == 400
    made = client.post(URL, body, content_type=JSON)
    row = made.json()
    assert (made.status_code, made["Location"]) == (201, f"{URL}/{row['id']}")
    assert (row["owner_id"], row["host"]) == (ada.pk, "127.0.0.1")
    assert row["secret"] == WebhookEndpoint.objects.get().secret
    url = f"{URL}/{row['id']}"
    got = client.get(url)
    assert (got.json()["secret"], "T0KEN" in str(got.json())) == (None, False)

    risks.risk()
    sink.answer = lambda got: (500, {}, b"")
    for _ in range(6):
        send()
    failed = client.get(f"{url}/deliveries?show=failed").json()["results"]
    assert [(one["state"], one["answer_status"]) for one in failed] == [("dead", 500)]
    assert failed[0]["webhook_id"].startswith("msg_")
    assert client.post(f"{url}/replay", {}, content_type=JSON).json() == {"replayed": 1}
    assert client.post(f"{url}/replay", {}, content_type=JSON).status_code == 422
    assert client.post(f"{url}/test", content_type=JSON).status_code == 200
    sink.answer = lambda got: (200, {}, b"")
    send()
    assert {one["state"] for one in client.get(f"{url}/deliveries").json()["results"]} == {"done"}
    again = {"deliveries": [failed[0]["id"]]}
    assert client.post(f"{url}/replay", again, content_type=JSON).json() == {"replayed": 1}
    secret = client.post(f"{url}/new-secret", content_type=JSON).json()["secret"]
    assert secret == WebhookEndpoint.objects.get().secret != row["secret"]
    tag = {"If-Match": client.get(url)["ETag"]}
    paused = client.patch(url, {"is_active": False}, content_type=JSON, headers=tag)
    assert paused.json()["is_active"] is False
    assert client.post(f"{url}/test", content_type=JSON).status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://127.0.0.1:9/"}, "url"),
        ({"url": "ftp://example.org/"}, "url"),
        ({"verbs": ["people.signed_in"]}, "verbs"),
        ({"verbs": []}, "verbs"),
        ({"name": " "}, "name"),
    ],
)
def test_bad_input_names_its_field(client, ada, change, field):
    body = {"name": "Ops", "url": "https://example.org/hook", "verbs": [OPENED], **change}

    answer = client.post(URL, body, content_type=JSON)

    assert answer.status_code in {400, 422}
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_only_administrators_see_webhooks(client, ada, sink):
    made = endpoint(sink, ada)
    client.force_login(people.user(role=Role.RISK_MANAGER))

    assert client.get(reverse("notices:webhook_list")).status_code == 403
    assert client.get(f"{URL}/{made.pk}").status_code == 403
    assert client.post(f"{URL}/{made.pk}/test", content_type=JSON).status_code == 403
