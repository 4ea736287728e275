"""Retention: what is no part of history goes when the organisation says so, in batches, and never more."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from history import relay
from history.models import Event, Handover
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Entry
from people.models import Organisation, Receipt
from people.states import Role
from riskhub import schedule
from riskhub.retention import deleting, kept
from riskhub.retention.kept import KEPT, going
from riskhub.retention.operations import set_days
from tests.conftest import AT
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
YEARS = timedelta(days=4000)


@pytest.fixture
def ours():
    return people.organisation()


def receipts(number, at=AT):
    user = people.user()
    Receipt.objects.bulk_create(
        Receipt(user=user, key=f"k{n}", path="/", body_hash=b"", status=200, body=b"", made_at=at)
        for n in range(number)
    )


def going_of(key, at):
    return next(one for one in going(at, deleting.settings()) if one.kept.key == key)


def test_a_dry_run_counts_and_deletes_nothing(ours):
    receipts(3)

    found = going_of("receipts", AT + timedelta(days=8))

    assert (found.number, found.days, found.oldest) == (3, 7, AT)
    assert going_of("receipts", AT + timedelta(days=7)).number == 0
    out = StringIO()
    call_command("retention", "--dry-run", stdout=out)
    assert "Answers to repeated requests: 0 to delete; kept for 7 days" in out.getvalue()
    assert "Sent mails: 0 to delete; kept permanently" in out.getvalue()
    assert Receipt.objects.count() == 3


def test_what_is_old_goes_in_batches(ours, monkeypatch):
    monkeypatch.setattr(kept, "BATCH", 2)
    monkeypatch.setattr(deleting, "BATCH", 2)
    receipts(5)

    assert deleting.run(AT + timedelta(days=6))["receipts"] == 0
    assert deleting.run(AT + timedelta(days=8))["receipts"] == 5
    assert not Receipt.objects.exists()


def test_a_run_without_time_deletes_nothing_and_the_next_goes_on(ours):
    receipts(1)
    later = AT + timedelta(days=8)

    assert deleting.run_when_due(later, seconds=0) == {}
    assert Receipt.objects.exists()
    assert deleting.run_when_due(later, seconds=5)["receipts"] == 1


def test_the_task_runs_it_once_a_day(ours, move_clock):
    receipts(1)
    move_clock(AT + timedelta(days=8))
    schedule.tidy()
    assert not Receipt.objects.exists()

    receipts(1)
    schedule.tidy()

    assert Receipt.objects.exists()  # its heartbeat is fresh


def test_by_default_mails_notifications_and_digests_stay(ours):
    forever = {one.key for one in KEPT if one.days is None}

    assert forever == {"points", "snapshots", "mails", "notifications", "digests", "handovers"}
    assert {one.key for one in KEPT if one.may_stay} == forever


def test_read_notifications_go_and_unread_ones_and_history_stay(ours):
    ana = people.user("Ana")
    actions.action("Cap", owner=ana, by=Actor(people.user("Ben"), "page"))
    relay.relay(at=AT)
    event = Entry.objects.filter(user=ana).first().event
    other = Entry.objects.create(user=people.user(), event=event, why="x", at=AT)
    Entry.objects.filter(user=ana).update(read_at=AT)
    set_days(ours, {"notifications": 30, "handovers": 90}, by=SYSTEM, at=AT)
    Handover.objects.update(settled_at=AT)
    events = Event.objects.count()

    done = deleting.run(AT + timedelta(days=91))

    assert (done["notifications"], done["handovers"] > 0) == (1, True)
    assert list(Entry.objects.all()) == [other]
    assert Event.objects.count() == events
    relay.relay(at=AT)
    assert list(Entry.objects.all()) == [other]  # nothing is handed over again


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"receipts": None}, "receipts"),
        ({"receipts": 0}, "receipts"),
        ({"mails": 29}, "mails"),
        ({"mails": 3651}, "mails"),
        ({"history": 30}, "history"),
    ],
)
def test_a_setting_has_limits(ours, wrong, key):
    with pytest.raises(Refused) as refused:
        set_days(ours, wrong, by=SYSTEM, at=AT)

    assert refused.value.field == key
    assert Organisation.objects.get().retention == {}


def test_everything_may_be_deleted_without_an_error(ours):
    """Each kind has rows to delete that nothing refers to: the six weeks of the sample are tried below."""
    set_days(ours, {one.key: one.least for one in KEPT}, by=SYSTEM, at=AT)

    assert set(deleting.run(AT + YEARS)) == {one.key for one in KEPT}


def test_the_page_shows_what_would_go_and_keeps_the_setting(client, ours):
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    receipts(2, at=AT - timedelta(days=20))
    sent = {one.key: one.days or "" for one in KEPT}

    page = client.get("/people/settings/retention/")
    assert "2 to delete</td>" in page.text
    answer = client.post("/people/settings/retention/", {**sent, "mails": 365, "version": ours.version})

    assert answer.status_code == 303
    assert Organisation.objects.get().retention["mails"] == 365
    wrong = {**sent, "mails": 3, "version": ours.version + 1}
    assert client.post("/people/settings/retention/", wrong).status_code == 422
    client.force_login(people.user())
    assert client.get("/people/settings/retention/").status_code == 403


def test_the_api_sets_days_and_shows_what_would_go(client, ours, move_clock):
    receipts(3)
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    move_clock(AT + timedelta(days=8))
    found = client.get("/api/v1/retention")
    assert {"key": "receipts", "label": "Answers to repeated requests", "days": 7} in found.json()["kinds"]
    preview = {row["key"]: row["rows"] for row in client.get("/api/v1/retention/preview").json()}
    assert (preview["receipts"], preview["mails"]) == (3, 0)

    def patch(body):
        return client.patch(
            "/api/v1/retention", body, content_type="application/json", headers={"If-Match": found["ETag"]}
        )

    assert patch({"receipts": 0}).json()["errors"][0]["field"] == "receipts"
    assert patch({"receipts": None}).status_code == 400
    assert patch({"receipts": 9, "mails": 60}).status_code == 200
    assert patch({"receipts": 10}).status_code == 412
    ours.refresh_from_db()
    assert ours.retention == {"receipts": 9, "mails": 60}
    assert client.get("/api/v1/retention/preview").json()[0]["rows"] == 0
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert client.get("/api/v1/retention").status_code == 403
