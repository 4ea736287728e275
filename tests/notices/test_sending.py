"""After a restore nothing is sent and no due date acts until a person starts sending."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from history import chain
from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Message, SendingSwitch, WebhookDelivery
from notices.operations import delivery, message, sending
from notices.queries import sending as queries
from notices.states import MessageState
from people.models import Organisation
from people.states import Role
from riskhub import schedule
from tests.factories import actions, notices, people
from tests.notices.test_webhooks import endpoint

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def organisation(at):
    return people.organisation()


def event_verbs():
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def waiting_mails(at):
    """One mail from before the backup at `at` + 1 h, and one from after it."""
    older = notices.parked_kind(people.user("Ben"), at=at)
    made = actions.action(owner=people.user("Cleo"), at=at + 2 * HOUR)
    notices.notify_about(made, at + 2 * HOUR)
    return older, Message.objects.get(subject=made.subject)


def test_a_new_register_sends(settings, at):
    assert not queries.is_held() and queries.held(at) is None
    notices.parked_kind(at=at)
    with notices.mail_server(settings) as sink:
        message.send_due(at=at)
    assert len(sink.accepted) == 1


@pytest.mark.parametrize("is_row_missing", [False, True])
def test_no_mail_no_webhook_and_no_due_date_while_held(settings, at, organisation, sink, is_row_missing):
    endpoint(sink, people.user("Olu", role=Role.ADMINISTRATOR))
    late = actions.action(owner=people.user("Ben"), due_on=at.date() - timedelta(days=1), at=at - 72 * HOUR)
    notices.parked_kind(people.user("Cleo"), at=at)
    sending.hold(backup_at=at, by=SYSTEM, at=at)
    if is_row_missing:  # as in a register whose restore did not finish
        SendingSwitch.objects.all().delete()
    dues = list(Due.objects.order_by("pk").values_list("pk", "state"))
    assert Due.objects.filter(subject=late.subject, at__lte=at).exists()

    with notices.mail_server(settings) as mail:
        assert message.send_due(at=at + HOUR).done == 0 and delivery.send_due(at=at + HOUR).done == 0
        schedule.tick(at + HOUR)
        schedule.tick_now()
        schedule.send()
        schedule.send_webhooks()
        schedule.read_calendars()

    assert mail.accepted == [] and sink.got == []
    assert list(Due.objects.order_by("pk").values_list("pk", "state"))[: len(dues)] == dues
    assert not Message.objects.exclude(state=MessageState.PENDING).exists()


def test_starting_drops_what_is_older_than_the_backup_and_sends_the_rest(settings, at, organisation, sink):
    hook = endpoint(sink, people.user("Olu", role=Role.ADMINISTRATOR))
    older, newer = waiting_mails(at)
    WebhookDelivery.objects.all().delete()
    old = WebhookDelivery.objects.create(endpoint=hook, verb="notices.test", subject=hook.subject, made_at=at)
    sending.hold(backup_at=at + HOUR, by=SYSTEM, at=at + 2 * HOUR)
    held = queries.held(at + 3 * HOUR)
    assert (held.mails, held.older_mails, held.webhooks, held.older_webhooks) == (2, 1, 1, 1)

    ada = Actor(people.user("Ada", role=Role.ADMINISTRATOR), "page")
    assert sending.start(drops_older=True, by=ada, at=at + 3 * HOUR) == (1, 1)
    with notices.mail_server(settings) as mail:
        message.send_due(at=at + 3 * HOUR)
        delivery.send_due(at=at + 3 * HOUR)

    assert [one for _, one in mail.accepted] == [f"<{newer.pk}@localhost>"] and sink.got == []
    older.refresh_from_db()
    old.refresh_from_db()
    assert older.state == old.state == MessageState.UNWANTED
    assert "Dropped as older than the restored backup by Ada" in older.log[-1]
    assert event_verbs()[-1] == "notices.sending_started"
    event = Event.objects.last()
    assert (event.data["mails"], event.data["webhooks"], event.actor_id) == (1, 1, ada.subject_id)
    assert event.subject_id == organisation.subject_id and event.chain_no


def test_starting_can_send_all(settings, at, organisation):
    waiting_mails(at)
    sending.hold(backup_at=at + HOUR, by=SYSTEM, at=at + 2 * HOUR)
    assert sending.start(drops_older=False, by=SYSTEM, at=at + 3 * HOUR) == (0, 0)
    with notices.mail_server(settings) as mail:
        message.send_due(at=at + 3 * HOUR)
    assert len(mail.accepted) == 2
    with pytest.raises(Refused, match="not held"):
        sending.start(drops_older=False, by=SYSTEM, at=at + 3 * HOUR)


def test_due_dates_act_again_after_the_start(at, organisation):
    owner = people.user("Ben")
    actions.action(owner=owner, due_on=at.date() - timedelta(days=1), at=at - 72 * HOUR)
    sending.hold(by=SYSTEM, at=at)
    assert queries.held(at).dues >= 1
    schedule.act(at)
    assert queries.held(at).dues >= 1
    sending.start(drops_older=True, by=SYSTEM, at=at)
    schedule.act(at)
    assert not Due.objects.filter(state="pending", at__lte=at).exists()


def test_administrators_see_it_on_every_page_and_start(client, at, organisation):
    waiting_mails(at)
    sending.hold(backup_at=at + HOUR, by=SYSTEM, at=at + 2 * HOUR)
    client.force_login(people.user("Ada", role=Role.ADMINISTRATOR))
    for path in ("/", "/risks/", "/notices/mail/"):
        page = client.get(path).content.decode()
        assert "Nothing is sent" in page and "Start sending" in page and "2 mails" in page

    assert client.post("/notices/sending/start/", {"older": "maybe"}).status_code == 303
    assert queries.is_held()
    assert client.post("/notices/sending/start/", {"older": "drop"}).status_code == 303
    assert not queries.is_held() and SendingSwitch.objects.count() == 1
    assert "Nothing is sent" not in client.get("/").content.decode()
    assert client.post("/notices/sending/start/", {"older": "drop"}).status_code == 303


def test_others_see_nothing_and_may_not_start(client, at, organisation):
    sending.hold(by=SYSTEM, at=at)
    client.force_login(people.user("Ben", role=Role.RISK_MANAGER))
    assert "Nothing is sent" not in client.get("/").content.decode()
    assert client.post("/notices/sending/start/", {"older": "drop"}).status_code == 403
    assert queries.is_held()


@pytest.mark.parametrize("count", [1, 3])
def test_the_notice_costs_four_queries_for_any_number(
    client, at, organisation, django_assert_num_queries, count
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(people.user("Ada", role=Role.ADMINISTRATOR))
    client.get("/risks/")
    with CaptureQueriesContext(connection) as before:
        client.get("/risks/")
    for number in range(count):
        notices.parked_kind(people.user(f"Person {number}"), at=at)
    sending.hold(backup_at=at + HOUR, by=SYSTEM, at=at + HOUR)
    with django_assert_num_queries(len(before) + 4):
        client.get("/risks/")


def test_the_commands_hold_and_start(capsys, at, organisation):
    waiting_mails(at)
    with pytest.raises(CommandError, match="time zone"):
        call_command("hold_sending", backup_at="yesterday")
    call_command("hold_sending", backup_at=(at + HOUR).isoformat())
    assert queries.is_held()

    call_command("release_sending")
    said = capsys.readouterr().out
    assert (
        "2 mails" in said
        and "Of these 1 mail and" in said
        and "Nothing was changed" in said
        and queries.is_held()
    )
    call_command("release_sending", older="drop")
    assert "Dropped: 1 mail, 0 webhooks" in capsys.readouterr().out and not queries.is_held()
    with pytest.raises(CommandError, match="not held"):
        call_command("release_sending", older="send")


def test_it_is_on_record_with_the_organisation(at, organisation):
    sending.hold(backup_at=at, by=SYSTEM, at=at)
    sending.start(drops_older=True, by=SYSTEM, at=at)
    assert event_verbs()[-2:] == ["notices.sending_held", "notices.sending_started"]
    assert chain.verify().broken_at is None


def test_a_register_without_an_organisation_can_be_held_and_started(at):
    assert not Organisation.objects.exists()
    sending.hold(by=SYSTEM, at=at)
    assert sending.start(drops_older=True, by=SYSTEM, at=at) == (0, 0)
    assert not Event.objects.exists()
