"""Series, meetings, items and decisions by API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from history.models import Event
from kit.actor import Actor
from meetings.api.decision import DecisionRow
from meetings.api.item import ItemRow
from meetings.api.meeting import MeetingRow
from meetings.api.series import SeriesRow
from meetings.models import AgendaItem, Attendance, Decision, Meeting, MeetingSeries
from meetings.operations import item as items
from people.states import Role
from risklog.models import Review
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db
API = "/api/v1"
ANY = {"If-Match": "*"}


@pytest.fixture
def crew():
    return make.crew()


@pytest.fixture
def ana(client, crew):
    client.force_login(crew[1][0])
    return crew[1][0]


@pytest.fixture
def manager(client):
    person = people.user(role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def send(client, method, path, body=None, **headers):
    return getattr(client, method)(f"{API}/{path}", body, content_type="application/json", headers=headers)


def rows(client, path):
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_the_rows_read_are_the_rows_the_serializers_declare(client, crew, ana):
    series = make.series(crew[0])
    item = make.item(make.live(series), about=risklog.review().subject, why="Asked")
    make.decision(item=item, actions=[{"title": "Cap"}], by=ana)

    for path, serializer, found in (
        ("meeting-series", SeriesRow, MeetingSeries.objects.order_by("id")),
        ("meetings", MeetingRow, Meeting.objects.order_by("id")),
        ("agenda-items", ItemRow, AgendaItem.objects.order_by("id")),
        ("decisions", DecisionRow, Decision.objects.order_by("id")),
    ):
        assert rows(client, path) == [dict(serializer(one).data) for one in found]


@pytest.mark.parametrize("path", ["meeting-series", "meetings", "agenda-items", "decisions"])
def test_lists_cost_the_same_at_one_and_three_rows(client, ana, path):
    def more():
        one = make.series(make.crew()[0], rrule="FREQ=WEEKLY;COUNT=1")
        make.decision(item=make.item(make.live(one), about=risklog.review().subject))

    counts = []
    for _ in range(2):
        more()
        with CaptureQueriesContext(connection) as found:
            rows(client, path)
        counts.append(len(found))
        more()

    assert counts[0] == counts[1]


def test_lists_are_filtered_and_ordered(client, crew, ana):
    series = make.series(crew[0])
    live = make.live(series)
    item = make.item(live, about=risklog.review().subject)
    decision = make.decision(item=item)

    assert [row["id"] for row in rows(client, "meetings?state=live")] == [live.pk]
    assert len(rows(client, f"meetings?series={series.pk}&order=starts_at&limit=5")) == 5
    assert [row["id"] for row in rows(client, f"agenda-items?about={item.about.reference}")] == [item.pk]
    assert [row["id"] for row in rows(client, f"decisions?meeting={live.pk}")] == [decision.pk]


@pytest.mark.parametrize("path", ["meeting-series", "meetings", "agenda-items", "decisions"])
@pytest.mark.parametrize(
    ("query", "parameter"),
    [("nope=1", "nope"), ("order=x", "order"), ("order=id&order=id", "order"), ("limit=0", "limit")],
)
def test_a_list_refuses_what_it_does_not_know_by_name(client, ana, path, query, parameter):
    answer = client.get(f"{API}/{path}?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == parameter


def test_one_patch_is_one_transaction(client, crew, ana):
    meeting = make.live(make.series(crew[0]))
    item = make.item(meeting, title="Leakage")
    planned = make.planned(meeting.series, 1)

    both = send(client, "patch", f"agenda-items/{item.pk}", {"notes": "Seen", "minutes": 7}, **ANY)
    refused = send(client, "patch", f"agenda-items/{item.pk}", {"notes": "x", "title": " "}, **ANY)
    client.force_login(planned.facilitator)
    late = {"objective": "Mine", "starts_at": "2020-01-01T10:00:00Z"}
    past = send(client, "patch", f"meetings/{planned.reference}", late, **ANY)
    moved = {"objective": "Ours", "starts_at": "2026-11-27T10:00:00Z"}
    answer = send(client, "patch", f"meetings/{planned.reference}", moved, **ANY)

    assert (both.json()["notes"], both.json()["minutes"]) == ("Seen", 7)
    assert refused.status_code in {400, 422}
    assert AgendaItem.objects.get(pk=item.pk).notes == "Seen"
    assert past.status_code == 422
    assert (answer.json()["objective"], answer.json()["starts_at"]) == ("Ours", "2026-11-27T10:00:00Z")
    verbs = list(Event.objects.filter(subject=planned.subject).order_by("-id").values_list("verb", flat=True))
    assert verbs.count("meetings.meeting_changed") == verbs.count("meetings.meeting_moved") == 1


def test_a_hidden_item_is_a_slot(client, crew, ana):
    hidden = make.restricted([people.user()], "Canary")
    by = Actor(people.user(), "page")
    meeting = make.live(make.series(crew[0]))
    item = items.add(meeting, title="Canary", why="Canary", about=hidden, by=by, at=make.AT)

    (row,) = rows(client, "agenda-items")

    assert (row["title"], row["is_hidden"], row["about_reference"]) == ("Restricted item, 10 min", True, None)
    assert row["added_by_id"] is None
    assert "Canary" not in str(row)
    assert rows(client, f"agenda-items?about={hidden.reference}") == []
    assert (
        send(client, "patch", f"agenda-items/{item.pk}", {"title": "x"}, **{"If-Match": "*"}).status_code
        == 404
    )
    body = {"text": "x", "reason": "y", "no_action_reason": "z", "item": item.pk}
    same = {**body, "item": 999_999_999}
    told = [send(client, "post", "decisions", one).json()["errors"][0] for one in (body, same)]
    assert told[0]["field"] == told[1]["field"] == "item"
    assert told[0]["detail"].replace(str(item.pk), "") == told[1]["detail"].replace("999999999", "")


def test_a_decision_is_posted_with_its_actions_and_settles_the_review(client, crew, ana):
    review = risklog.review()
    item = make.item(make.live(make.series(crew[0])), about=review.subject)
    body = {
        "text": "Cap it",
        "reason": "It drifts",
        "item": item.pk,
        "settles": "confirmed",
        "actions": [{"title": "Cap", "owner": ana.email, "due_on": "2026-12-04"}],
    }

    answer = send(client, "post", "decisions", body, **{"Idempotency-Key": "k"})
    again = send(client, "post", "decisions", body, **{"Idempotency-Key": "k"})

    assert answer.status_code == 201, answer.content
    assert again.content == answer.content
    decision = Decision.objects.get()
    assert answer["Location"] == f"{API}/decisions/{decision.reference}"
    assert Action.objects.get().origin == decision.subject
    assert Review.objects.get(pk=review.pk).outcome == "confirmed"


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("no_action_reason", {}),
        ("settles", {"settles": "confirmed", "no_action_reason": "x"}),
        ("about", {"about": "R-999999"}),
        ("item", {"item": "M-1"}),
        ("nope", {"nope": 1}),
    ],
)
def test_a_refused_decision_names_the_field(client, ana, field, more):
    answer = send(client, "post", "decisions", {"text": "a", "reason": "b", **more})

    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["field"] == field
    assert not Decision.objects.exists()


def test_replace_by_reference(client, ana):
    old, new = make.decision(by=ana), make.decision(by=ana)

    answer = send(client, "post", f"decisions/{old.reference}/replace", {"decision": new.reference}, **ANY)

    assert answer.json()["replaced_by_id"] == new.pk


def test_a_meeting_is_run_by_api(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    base = f"meetings/{meeting.reference}"

    made = send(client, "post", "agenda-items", {"meeting": meeting.reference, "title": "Leakage"})
    assert made.status_code == 201, made.content
    item = f"agenda-items/{made.json()['id']}"
    following = send(client, "post", "agenda-items", {"meeting": meeting.reference, "title": "Next"}).json()
    assert send(client, "post", f"{base}/start", {}).status_code == 428
    early = send(client, "post", f"{base}/start", {}, **ANY)
    assert early.status_code == 422
    assert early.json()["errors"][0]["field"] == "is_confirmed"
    started = send(client, "post", f"{base}/start", {"is_confirmed": True}, **ANY).json()
    assert (started["state"], started["controller_id"]) == ("live", ana.pk)
    starter = Attendance.objects.get(meeting=meeting)
    assert (starter.user, starter.is_present, starter.seen_at) == (ana, True, None)
    assert send(client, "post", f"{base}/attendance", {"present": [ana.pk]}).status_code == 200
    assert send(client, "post", f"{item}/take-up", {}, **ANY).json()["state"] == "current"
    noted = send(client, "patch", item, {"notes": "Seen in March"}, **{"If-Match": "*"})
    assert noted.json()["notes"] == "Seen in March"
    stale = send(client, "patch", item, {"notes": "x"}, **{"If-Match": made["ETag"]})
    assert stale.status_code == 412
    assert send(client, "patch", item, {"notes": "x"}).status_code == 428
    for step in (
        "take-up",
        "pause",
        "resume",
        "back",
        "extend",
        "finish",
        "defer",
        "park",
        "take-back",
        "take-off",
        "put-back",
    ):
        assert send(client, "post", f"{item}/{step}", {}).status_code == 428
    done = send(client, "post", f"{item}/finish", {"outcome": "no_change"}, **ANY)
    assert done.json()["state"] == "done"
    assert client.get(f"{API}/agenda-items/{following['id']}").json()["state"] == "current"
    closed = send(
        client, "post", f"{base}/close", {"improvement": "Start on time", "was_worth_it": True}, **ANY
    )
    assert (closed.json()["state"], closed.json()["was_worth_it"]) == ("closed", True)
    minutes = client.get(f"{API}/{base}/minutes").json()
    assert minutes["started_at"] == minutes["closed_at"] == "2026-11-23T10:00:00Z"
    assert minutes["present"] == [ana.name]
    assert [(one["title"], one["outcome"], one["notes"]) for one in minutes["items"]][:1] == [
        ("Leakage", "no_change", "Seen in March")
    ]
    assert send(client, "post", f"{base}/close", {}, **ANY).status_code == 409


def test_a_series_is_posted_and_patched_by_a_risk_manager(client, crew, manager):
    body = {
        "name": "Forum",
        "time_zone": "Europe/Berlin",
        "first_on": "2026-11-25",
        "starts_at": "10:00",
        "teams": [crew[0].slug],
        "functions": ["data-science"],
    }

    made = send(client, "post", "meeting-series", body)
    assert made.status_code == 201, made.content
    address = f"meeting-series/{made.json()['id']}"
    changed = send(client, "patch", address, {"length_minutes": 30}, **{"If-Match": made["ETag"]})
    wrong = send(client, "patch", address, {"rrule": "FREQ=SECONDLY"}, **{"If-Match": "*"})
    zoned = send(client, "patch", address, {"starts_at": "10:00+02:00"}, **{"If-Match": "*"})

    assert changed.json()["length_minutes"] == 30
    assert len(made.json()["focuses"]) == 3
    assert wrong.json()["errors"][0]["field"] == "rrule"
    assert zoned.json()["errors"][0]["field"] == "starts_at", "an offset would be dropped"


NO_RULES = [
    "FREQ=WEEKLY;INTERVAL=0",
    "FREQ=WEEKLY;BYDAY=99WE",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;COUNT=0",
    "FREQ=WEEKLY;UNTIL=20200101",
    "FREQ=WEEKLY;FREQ=DAILY",
]


@pytest.mark.parametrize("rule", NO_RULES)
def test_a_rule_that_cannot_be_followed_is_refused_by_name_when_posted_and_patched(
    client, crew, manager, rule
):
    address = f"meeting-series/{make.series(crew[0]).pk}"
    body = {
        "name": "Forum",
        "time_zone": "Europe/Berlin",
        "first_on": "2026-11-25",
        "starts_at": "10:00",
        "teams": [crew[0].slug],
    }

    answers = [
        send(client, "post", "meeting-series", {**body, "rrule": rule}),
        send(client, "patch", address, {"rrule": rule}, **{"If-Match": "*"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert {answer.json()["errors"][0]["field"] for answer in answers} == {"rrule"}


def test_who_may_not_is_refused(client, crew):
    meeting = make.planned(make.series(crew[0]))
    client.force_login(people.user())

    assert send(client, "post", f"meetings/{meeting.reference}/start", {}).status_code == 403
    assert send(client, "post", "meeting-series", {}).status_code == 403
    assert client.get(f"{API}/meetings/{meeting.reference}/start").status_code == 405
    assert client.get(f"{API}/meetings/M-99999999").status_code == 404
    assert client.get(f"{API}/agenda-items/M-1").status_code == 404
