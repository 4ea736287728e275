"""Mails from before mail was switched on are sent only if an administrator releases them."""

from datetime import timedelta

import pytest

from kit import clock
from kit.actor import SYSTEM
from notices.models import MailSwitch, Message
from notices.operations import mail_switch, message
from notices.states import MessageState
from people.states import Role
from riskhub import schedule
from tests.factories import notices, people

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def states():
    return sorted(Message.objects.values_list("state", flat=True))


def test_what_waited_before_mail_was_switched_on_is_held_back(settings, at):
    notices.parked_kind(at=at)
    notices.resent_kind(at=at)
    with notices.mail_server(settings) as sink:
        mail_switch.note(is_on=True, at=at + HOUR)
        message.send_due(at=at + HOUR)
        assert sink.accepted == []
        assert states() == ["held", "held"]

        later = notices.resent_kind(at=at + 2 * HOUR)
        message.send_due(at=at + 2 * HOUR)
        assert [one for _, one in sink.accepted] == [f"<{later.pk}@localhost>"]
    assert all("older than" in row.error for row in Message.objects.filter(state=MessageState.HELD))


def test_an_old_event_that_is_handed_over_late_is_held_back_too(settings, at):
    waiting = notices.parked_kind(at=at)
    Message.objects.filter(pk=waiting.pk).update(made_at=at + 2 * HOUR)
    with notices.mail_server(settings) as sink:
        mail_switch.note(is_on=True, at=at + HOUR)
        message.send_due(at=at + 2 * HOUR)
    assert sink.accepted == [] and states() == ["held"]


def test_switching_off_and_on_again_starts_again(at):
    assert mail_switch.note(is_on=True, at=at).since == at
    assert mail_switch.note(is_on=True, at=at + HOUR).since == at
    mail_switch.note(is_on=False, at=at + 2 * HOUR)
    assert mail_switch.note(is_on=True, at=at + 3 * HOUR).since == at + 3 * HOUR
    assert MailSwitch.objects.count() == 1


def test_what_is_tried_again_is_not_held(settings, at):
    with notices.mail_server(settings, {"busy": 1}) as sink:
        mail_switch.note(is_on=True, at=at - HOUR)
        notices.parked_kind(people.user(email="busy@example.org"), at=at)
        message.send_due(at=at)
        Message.objects.update(not_before=at - 9999 * HOUR)
        message.send_due(at=at)
    assert len(sink.accepted) == 1 and states() == ["done"]


def test_a_simulated_moment_sends_nothing_although_a_server_is_there(settings, at):
    notices.parked_kind(at=at)
    with notices.mail_server(settings) as sink:
        schedule.tick(at, is_simulated=True)
    assert sink.accepted == [] and states() == ["done"]
    assert not MailSwitch.objects.filter(is_on=True).exists()


def test_the_worker_notes_when_mail_is_switched_on(settings, at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at + HOUR)
    notices.parked_kind(at=at)
    schedule.send()
    assert MailSwitch.objects.get().is_on is False
    assert states() == ["done"]
    second = notices.parked_kind(at=at)
    with notices.mail_server(settings) as sink:
        schedule.send()
    assert sink.accepted == []
    second.refresh_from_db()
    assert second.state == MessageState.HELD


@pytest.fixture
def held(settings, at, client):
    client.force_login(people.user("Ada", role=Role.ADMINISTRATOR))
    row = notices.parked_kind(at=at)
    mail_switch.note(is_on=True, at=at + HOUR)
    with notices.mail_server(settings):
        message.send_due(at=at + HOUR)
    return row


def test_an_administrator_sees_and_sends_the_held_mails(held, settings, at, client):
    page = client.get("/notices/mail/").content.decode()
    assert "1 mail held back" in page and "Send held mails" in page

    assert client.post("/notices/mail/held/", {"do": "release"}).status_code == 303
    with notices.mail_server(settings) as sink:
        message.send_due(at=at + 2 * HOUR)

    assert len(sink.accepted) == 1
    held.refresh_from_db()
    assert held.state == MessageState.DONE and "Released by Ada" in held.log[0]
    assert "held back" not in client.get("/notices/mail/").content.decode()


def test_an_administrator_drops_the_held_mails(held, settings, at, client):
    assert client.post("/notices/mail/held/", {"do": "drop"}).status_code == 303

    held.refresh_from_db()
    assert held.state == MessageState.UNWANTED and "Dropped by Ada" in held.error
    with notices.mail_server(settings) as sink:
        message.send_due(at=at + 2 * HOUR)
    assert sink.accepted == []


def test_nobody_else_releases_held_mails_and_a_wrong_word_does_nothing(held, client):
    assert client.post("/notices/mail/held/", {"do": "burn"}).status_code == 303
    client.force_login(people.user("Ben", role=Role.RISK_MANAGER))
    assert client.post("/notices/mail/held/", {"do": "release"}).status_code == 403
    held.refresh_from_db()
    assert held.state == MessageState.HELD
    assert mail_switch.drop(by=SYSTEM, at=held.made_at) == 1
