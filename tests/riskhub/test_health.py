"""Health: each condition caused and cured, and who learns of it (test standard, row 26)."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from history import heartbeats
from history import operations as history
from history.models import Due, Event, Handover, Heartbeat
from history.states import Work
from kit.actor import SYSTEM
from notices.models import Message, SendingSwitch, WebhookDelivery
from notices.operations import digest, endpoint
from notices.operations.smtp import NO_CONNECTION
from notices.states import MessageState
from people.operations import token
from people.states import Role, TokenScope
from riskhub import celery_heartbeats as parts
from riskhub import health_pages, pipeline, schedule
from riskhub.pipeline import Level
from risklog.models import Climb
from risklog.operations.climb import CLIMB
from risklog.states import Who
from signals.models import Source
from tests.factories import meetings as make
from tests.factories import notices, people, signals
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
PARTS = (parts.BEAT, parts.WORKER, parts.TICK, parts.AUDITOR)


@pytest.fixture(autouse=True)
def alive(at, move_clock):
    """All parts live, and nothing waits."""
    move_clock(at)
    people.organisation()
    Handover.objects.all().delete()
    Due.objects.all().delete()
    for name in (*PARTS, parts.BACKUP):
        heartbeats.note(name)


def level(key: str, at) -> Level:
    return {one.key: one for one in pipeline.conditions(at)}[key].level


def troubled(at) -> set[str]:
    return {one.key for one in pipeline.conditions(at) if one.level != Level.OK}


def test_all_is_well_when_all_parts_live_and_nothing_waits(at):
    assert troubled(at) == set()
    assert pipeline.worst(pipeline.conditions(at)) == Level.OK


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_silent_is_red_until_it_lives_again(at, name):
    minutes = 22 if name == parts.AUDITOR else 1
    Heartbeat.objects.filter(name=name).update(at=Now() - minutes * MINUTE)
    assert troubled(at) == {f"{name}_silence"}

    heartbeats.note(name)
    assert troubled(at) == set()


def test_a_backup_that_is_too_old_is_a_warning_until_one_is_made(at):
    Heartbeat.objects.filter(name=parts.BACKUP).update(at=Now() - timedelta(hours=27))
    assert level("backup_age", at) == Level.WARNING

    heartbeats.note(parts.BACKUP)
    assert level("backup_age", at) == Level.OK


def test_a_database_that_is_newer_than_the_code_is_a_warning(at, monkeypatch):
    known = pipeline.releases.known_migrations()
    monkeypatch.setattr(pipeline.releases, "known_migrations", lambda: known - {("people", "0006_handle")})
    assert level("newer_database", at) == Level.WARNING

    monkeypatch.undo()
    assert level("newer_database", at) == Level.OK


def test_a_part_that_never_lived_is_red(at):
    Heartbeat.objects.exclude(name=parts.BACKUP).delete()

    assert troubled(at) == {f"{name}_silence" for name in PARTS}
    never = [one for one in pipeline.conditions(at) if one.key in troubled(at)]
    assert {(one.text, one.value) for one in never} == {("never seen", None)}


def _waiting_due(at):
    history.put_due("x.y", people.team().subject_id, "1", at - 2 * MINUTE)
    return Due.objects.filter(kind="x.y")


def _waiting_handover(at):
    event = Event.objects.order_by("-pk").first()
    Handover.objects.create(event=event, handler="x.y")
    return Handover.objects.filter(handler="x.y")


def _waiting_mail(at):
    return Message.objects.filter(pk=notices.resent_kind(at=at - 2 * MINUTE).pk)


def _waiting_webhook(at):
    by = people.user(role=Role.ADMINISTRATOR)
    hook = endpoint.add(
        name="Ops",
        url="https://hooks.example.com/x",
        verbs=["risklog.risk_opened"],
        owner=by,
        by=SYSTEM,
        at=at,
    )
    made = WebhookDelivery.objects.create(endpoint=hook, verb="x.y", subject=by.subject, made_at=at)
    return WebhookDelivery.objects.filter(pk=made.pk)


@pytest.mark.parametrize(
    ("key", "waiting"),
    [
        ("due_wait", _waiting_due),
        ("handover_wait", _waiting_handover),
        ("mail_wait", _waiting_mail),
        ("webhook_wait", _waiting_webhook),
    ],
)
def test_work_that_waits_for_a_minute_is_red_until_it_is_done(at, key, waiting):
    rows = waiting(at)
    rows.update(not_before=Now() - timedelta(seconds=30))
    assert troubled(at) == set()

    rows.update(not_before=Now() - MINUTE)
    assert troubled(at) == {key}
    rows.update(state=Work.CLAIMED)
    assert troubled(at) == {key}

    rows.update(state=Work.DONE)
    assert troubled(at) == set()


def test_a_due_date_of_the_future_does_not_wait(at):
    history.put_due("x.y", people.team().subject_id, "1", at + MINUTE)
    Due.objects.update(not_before=Now() - 9 * MINUTE)

    assert troubled(at) == set()


def test_a_mail_that_the_server_does_not_take_is_red_also_between_two_tries(at):
    rows = _waiting_mail(at)
    rows.update(not_before=Now() + 5 * MINUTE, error=f"{NO_CONNECTION}: timed out")
    assert troubled(at) == {"mail_wait"}
    rows.update(error="The mail server put it off: 451 try later")
    assert troubled(at) == set()
    rows.update(error=f"{NO_CONNECTION}: timed out")

    rows.update(state=MessageState.DONE)
    assert troubled(at) == set()


@pytest.mark.parametrize(("key", "waiting"), [("due", _waiting_due), ("handover", _waiting_handover)])
def test_work_that_was_given_up_is_red_until_it_is_tried_again(at, key, waiting, capsys):
    rows = waiting(at)
    rows.update(state=Work.DEAD, tries=5, error="ValueError", not_before=Now() - MINUTE)
    assert troubled(at) == {f"{key}_given_up"}

    call_command("retry_work")
    assert "wait for a worker again" in capsys.readouterr().out
    assert rows.get().tries == 0
    assert troubled(at) == set()


def test_a_webhook_that_was_given_up_is_a_warning_until_it_is_sent(at):
    rows = _waiting_webhook(at)
    rows.update(state=Work.DEAD)
    assert level("webhook_given_up", at) == Level.WARNING

    rows.update(state=Work.DONE)
    assert troubled(at) == set()


@pytest.mark.parametrize(
    ("state", "key"), [(MessageState.DEAD, "mail_given_up"), (MessageState.UNCERTAIN, "mail_uncertain")]
)
def test_a_mail_about_which_a_person_decides_is_a_warning(at, state, key):
    rows = _waiting_mail(at)
    rows.update(state=state)
    assert level(key, at) == Level.WARNING
    assert pipeline.worst(pipeline.conditions(at)) == Level.WARNING

    rows.update(state=MessageState.UNWANTED)
    assert troubled(at) == set()


def test_a_silent_source_is_a_warning_and_more_sources_cost_no_more_queries(at):
    source = signals.source("one")
    Source.objects.filter(pk=source.pk).update(expected_every=MINUTE, last_received_at=at - 5 * MINUTE)
    assert troubled(at) == {"silent_sources"}

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            pipeline.conditions(at)
        return len(found)

    one = cost()
    signals.source("two"), signals.source("three")
    assert cost() == one == 7

    Source.objects.filter(pk=source.pk).update(last_received_at=at)
    assert troubled(at) == set()


def test_work_that_is_held_after_a_restore_is_a_warning_and_not_late(at):
    _waiting_due(at).update(not_before=Now() - 9 * MINUTE)
    SendingSwitch.objects.update(held_since=at)
    schedule.audit()
    assert troubled(at) == {"sending_held"}

    SendingSwitch.objects.update(held_since=None)
    assert troubled(at) == {"due_wait"}


# ------------------------------------------------------------------ the auditor


def test_the_auditor_finds_nothing_in_a_register_that_works(at):
    climbing()

    schedule.audit()

    assert heartbeats.read()[parts.AUDITOR].findings == []
    assert troubled(at) == set()


def climbing():
    """Return an escalation on its way up a ladder."""
    person = people.user()
    risklog.ladder(*[(Who.PERSON, 60, {"person": person})] * 2)
    return risklog.escalation()


def _climb_without_a_due_date(at):
    escalation = climbing()
    Due.objects.filter(subject=escalation.subject, kind=CLIMB).delete()
    return f"{escalation.reference} has a next climb"


def _climb_without_history(at):
    escalation = climbing()
    Climb.objects.create(escalation=escalation, position=9, at=at)
    return f"{escalation.reference} has 2 climbs, and its history has 1"


def _due_date_that_nobody_processed(at):
    rows = _waiting_due(at - timedelta(hours=1))
    rows.update(not_before=Now() - timedelta(hours=1))
    return "1 due dates passed"


def _event_that_nobody_handled(at):
    _waiting_handover(at).update(not_before=Now() - timedelta(hours=1))
    return "1 events have waited"


def _mail_of_a_dead_worker(at):
    _waiting_mail(at).update(state=Work.CLAIMED, lease_until=Now() - timedelta(hours=1))
    return "1 mails were begun"


def _missing_digest(at):
    person = people.user()
    history.put_due(digest.DUE, person.subject_id, "2026-W47", at - timedelta(days=1))
    Due.objects.filter(kind=digest.DUE).update(state=Work.DONE)
    return "1 people have no digest"


@pytest.mark.parametrize(
    "cause",
    [
        _climb_without_a_due_date,
        _climb_without_history,
        _due_date_that_nobody_processed,
        _event_that_nobody_handled,
        _mail_of_a_dead_worker,
        _missing_digest,
    ],
)
def test_a_rule_that_does_not_hold_is_red_with_its_sentence(at, cause):
    expected = cause(at)

    schedule.audit()

    assert level("audit_findings", at) == Level.RED
    (text,) = heartbeats.read()[parts.AUDITOR].findings
    assert text.startswith(expected)


# ------------------------------------------------------------------ heartbeats


def test_each_task_and_each_message_of_beat_is_a_sign_of_life_at_most_every_ten_seconds(monkeypatch):
    monkeypatch.setattr(heartbeats, "_last", {})
    monkeypatch.setattr(parts, "close_old_connections", lambda: None)
    Heartbeat.objects.all().delete()

    parts.worker_lives(), parts.beat_lives()
    assert set(heartbeats.read()) == {parts.WORKER, parts.BEAT}

    Heartbeat.objects.update(at=F("at") - MINUTE)
    parts.worker_lives()
    assert heartbeats.read()[parts.WORKER].age > 50


def test_work_goes_on_when_no_sign_of_life_can_be_stored(monkeypatch, caplog):
    def away(name, **options):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(heartbeats, "note", away)

    parts.worker_lives()

    assert "worker was stored" in caplog.text


def test_a_tick_is_a_sign_of_life(at):
    Heartbeat.objects.all().delete()

    schedule.tick(at)

    assert set(heartbeats.read()) == {parts.TICK, parts.AUDITOR}


def test_a_tick_lets_the_auditor_run_every_ten_minutes(monkeypatch):
    runs = []
    monkeypatch.setattr(schedule, "audit", lambda: runs.append(1))
    for minutes in (0, 9, 10, 60):
        Heartbeat.objects.filter(name=parts.AUDITOR).update(at=Now() - minutes * MINUTE)
        schedule.tick_now()

    assert len(runs) == 2


# ------------------------------------------------------------------ who learns of it


def bearer(person, scope=TokenScope.READ) -> dict[str, str]:
    _, text = token.issue(person, name="Monitoring", scope=scope, by=SYSTEM, at=make.AT)
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def administrator():
    return people.user(role=Role.ADMINISTRATOR)


def test_anybody_learns_the_status_and_administrators_the_conditions(client, administrator):
    assert client.get("/healthz/pipeline").json() == {"status": "ok"}
    member = bearer(people.user())
    assert client.get("/healthz/pipeline", headers=member).json() == {"status": "ok"}
    assert client.get("/healthz/pipeline", headers={"Authorization": "Bearer x"}).json() == {"status": "ok"}

    found = client.get("/healthz/pipeline", headers=bearer(administrator)).json()["conditions"]

    assert {"key", "label", "level", "value", "limit", "unit", "text", "fix"} == set(found[0])
    client.force_login(administrator)
    assert client.get("/healthz/pipeline").json()["conditions"][0]["key"] == found[0]["key"]


def test_red_is_503_and_a_warning_is_not(client, at):
    rows = _waiting_mail(at)
    rows.update(state=MessageState.DEAD)
    assert client.get("/healthz/pipeline").status_code == 200

    Heartbeat.objects.filter(name=parts.WORKER).update(at=Now() - MINUTE)
    answer = client.get("/healthz/pipeline")
    assert (answer.status_code, answer.json()) == (503, {"status": "red"})


def test_a_database_that_does_not_answer_is_red(client, monkeypatch):
    def away():
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(health_pages, "_found", away)

    answer = client.get("/healthz/pipeline")

    assert (answer.status_code, answer.json()["why"]) == (503, "The database does not answer.")


def test_prometheus_reads_every_condition_with_the_token_of_an_administrator(client, administrator):
    for wrong in ({}, bearer(people.user()), bearer(administrator, TokenScope.INGEST)):
        refused = client.get("/metrics", headers=wrong)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="riskhub"')
    Heartbeat.objects.filter(name=parts.BEAT).delete()

    text = client.get("/metrics", headers=bearer(administrator)).content.decode()

    families = {one.name: one.samples for one in text_string_to_metric_families(text)}
    assert families["riskhub_beat_silence_seconds"][0].value == float("inf")
    assert families["riskhub_due_given_up"][0].value == 0
    levels = {one.labels["condition"]: one.value for one in families["riskhub_condition_level"]}
    assert levels["beat_silence"] == 2
    assert sum(levels.values()) == 2
    assert len(levels) == len(families) - 1


def test_nothing_is_computed_for_those_who_may_not_read_the_metrics(client, monkeypatch):
    monkeypatch.setattr(health_pages, "_found", lambda: pytest.fail("The conditions are computed."))
    for headers in ({}, bearer(people.user())):
        assert client.get("/metrics", headers=headers).status_code == 401


def test_administrators_see_red_on_every_page_with_the_way_to_the_fix(client, administrator):
    client.force_login(administrator)
    assert 'hx-get="/health/banner/"' in client.get("/").content.decode()
    assert "<b>" not in client.get("/health/banner/").content.decode()

    Heartbeat.objects.filter(name=parts.WORKER).update(at=Now() - 5 * MINUTE)
    said = client.get("/health/banner/").content.decode()
    assert "Worker" in said and "Beat" not in said
    assert 'href="/health/"' in said
    page = client.get("/health/").content.decode()
    assert "Start a worker" in page
    assert "<html" not in client.get("/health/", headers={"HX-Request": "true"}).content.decode()


def test_nothing_is_late_while_riskhub_starts(client, administrator, at, monkeypatch):
    """A new register, or one that was off for the night: its beat runs only after some seconds."""
    Heartbeat.objects.all().delete()
    _waiting_due(at).update(not_before=Now() - 9 * MINUTE)
    client.force_login(administrator)
    assert "Beat" in client.get("/health/banner/").content.decode()

    monkeypatch.setattr(health_pages, "_started_at", health_pages.time.monotonic())
    assert "Beat" not in client.get("/health/banner/").content.decode()
    assert client.get("/healthz/pipeline").json()["status"] == "ok"
    assert "starting, never seen" in client.get("/health/").content.decode()


def test_others_see_neither_the_banner_nor_the_page(client):
    client.force_login(people.user(role=Role.RISK_MANAGER))

    assert "health-banner" not in client.get("/").content.decode()
    assert client.get("/health/").status_code == 403
    assert client.get("/health/banner/").status_code == 403
