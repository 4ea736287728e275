"""Mails with a real mail server that refuses, hangs and disconnects."""

import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from actions.models import Action
from actions.operations import action as action_operations
from history import claims, relay
from history.models import Event, Handover
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Message
from notices.operations import message
from notices.states import MessageState
from risklog.models import Escalation
from risklog.operations import escalation as escalation_operations
from tests.factories import actions, notices, people

pytestmark = pytest.mark.django_db


def to(local: str):
    return people.user(email=f"{local}@example.org")


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Message.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def message_id(row) -> str:
    return f"<{row.pk}@localhost>"


def test_without_a_mail_server_a_mail_is_kept_on_the_page(settings, at):
    settings.IS_MAIL_KEPT = True
    row = notices.parked_kind(at=at)

    assert message.send_due(at=at).done == 1

    row.refresh_from_db()
    assert row.state == MessageState.DONE
    assert row.sent_to == row.user.email
    assert row.subject.reference in row.sent_title
    assert f"/actions/{row.subject.reference}/" in row.sent_text
    assert row.subject.title in row.sent_html


def test_many_mails_go_over_one_line_with_the_row_as_their_id(settings, at):
    rows = [notices.parked_kind(at=at) for _ in range(3)]
    with notices.mail_server(settings) as sink:
        assert message.send_due(at=at).done == 3

    assert {one for _, one in sink.accepted} == {message_id(row) for row in rows}
    assert states() == {"done": 3}
    assert [part.get_content_type() for part in sink.mails[0].get_payload()] == ["text/plain", "text/html"]


def test_a_run_that_gives_way_sends_one_mail_and_releases_the_others(settings, at):
    settings.IS_MAIL_KEPT = True
    for _ in range(3):
        notices.parked_kind(at=at)

    assert message.send_due(at=at, gives_way=lambda: True).done == 1

    assert states() == {"done": 1, "pending": 2}
    waiting = Message.objects.filter(state=MessageState.PENDING)
    assert set(waiting.values_list("tries", "claim", "lease_until")) == {(0, None, None)}


def test_mails_give_way_to_handovers_only_while_one_waits_that_nobody_has_claimed(settings, at):
    settings.IS_MAIL_KEPT = True
    for _ in range(3):
        notices.parked_kind(at=at)
    actions.action(owner=people.user())
    assert relay.is_waiting()
    assert message.send_due(at=at, gives_way=relay.is_waiting).done == 1

    claims.claim(Handover.objects.order_by("id"))

    assert not relay.is_waiting()
    assert message.send_due(at=at, gives_way=relay.is_waiting).done == 2


@pytest.mark.parametrize("local", ["busy", "shut", "full", "drop"])
def test_not_now_is_tried_again_later(settings, at, local):
    row = notices.parked_kind(to(local), at=at)
    other = notices.parked_kind(at=at)
    with notices.mail_server(settings, script={local: 1}) as sink:
        message.send_due(at=at)
        row.refresh_from_db()
        assert (row.state, row.tries, row.begun_at) == (MessageState.PENDING, 1, None)
        (pause,) = Message.objects.filter(pk=row.pk).values_list(F("not_before") - Now(), flat=True)
        assert timedelta(seconds=50) < pause < timedelta(seconds=70)
        Message.objects.filter(pk=row.pk).update(not_before=Now())
        message.send_due(at=at)

    assert states() == {"done": 2}
    assert sorted(one for _, one in sink.accepted) == sorted([message_id(row), message_id(other)])


def test_a_refused_address_is_marked_and_the_mail_given_up(settings, at):
    row, other = notices.parked_kind(to("gone"), at=at), notices.parked_kind(at=at)
    waiting = notices.resent_kind(row.user, at=at)
    with notices.mail_server(settings) as sink:
        message.send_due(at=at)

    row.refresh_from_db(), row.user.refresh_from_db(), waiting.refresh_from_db()
    assert (row.state, row.user.is_mail_refused) == (MessageState.DEAD, True)
    assert "550" in row.error
    assert waiting.state == MessageState.UNWANTED
    assert [one for _, one in sink.accepted] == [message_id(other)]


def test_a_refused_mail_is_given_up_and_its_address_kept(settings, at):
    row = notices.parked_kind(to("spam"), at=at)
    with notices.mail_server(settings):
        message.send_due(at=at)

    row.refresh_from_db(), row.user.refresh_from_db()
    assert (row.state, row.user.is_mail_refused) == (MessageState.DEAD, False)


@pytest.mark.parametrize("local", ["cut", "hang"])
def test_in_doubt_a_parked_kind_is_parked(settings, at, local):
    row, other = notices.parked_kind(to(local), at=at), notices.parked_kind(at=at)
    with notices.mail_server(settings, timeout=0.5) as sink:
        message.send_due(at=at)
        message.send_due(at=at)

    assert states() == {"uncertain": 1, "done": 1}
    assert [one for _, one in sink.accepted].count(message_id(row)) == (1 if local == "cut" else 0)
    assert message_id(other) in [one for _, one in sink.accepted]


def test_in_doubt_the_ladder_sends_again_with_the_same_id(settings, at):
    row = notices.resent_kind(to("cut"), at=at)
    with notices.mail_server(settings, script={"cut": 1}) as sink:
        message.send_due(at=at)
        Message.objects.update(not_before=Now())
        message.send_due(at=at)

    assert states() == {"done": 1}
    assert [one for _, one in sink.accepted] == [message_id(row)] * 2


def test_a_mail_server_that_is_away_for_a_day_costs_no_mail_a_try(settings, at):
    with notices.mail_server(settings):
        pass
    rows = [notices.parked_kind(at=at) for _ in range(2)]

    for _ in range(8):
        Message.objects.update(not_before=Now())
        message.send_due(at=at + timedelta(days=1))

    assert states() == {"pending": 2}
    waiting = Message.objects.values_list("tries", "begun_at", "claim", F("not_before") - Now())
    for tries, begun_at, claim, pause in waiting:
        assert (tries, begun_at, claim) == (0, None, None)
        assert timedelta(seconds=50) < pause < timedelta(seconds=70)
    (log,) = set(map(tuple, Message.objects.values_list("log", flat=True)))
    assert len(log) == 1
    assert "No connection to the mail server" in log[0]
    with notices.mail_server(settings) as sink:
        Message.objects.update(not_before=Now())
        message.send_due(at=at)
    assert sorted(one for _, one in sink.accepted) == sorted(message_id(row) for row in rows)


def test_a_mail_waits_five_days_for_the_mail_server(settings, at):
    with notices.mail_server(settings):
        pass
    row = notices.resent_kind(at=at)

    message.send_due(at=row.made_at + timedelta(days=5))
    assert states() == {"pending": 1}
    Message.objects.update(not_before=Now())
    message.send_due(at=row.made_at + timedelta(days=5, seconds=1))

    row.refresh_from_db()
    assert (row.state, row.begun_at) == (MessageState.DEAD, None)
    assert "No connection to the mail server" in row.error
    assert Event.objects.filter(verb="notices.escalation_mail_failed").count() == 1


def test_after_the_sixth_try_it_is_given_up(settings, at):
    row = notices.parked_kind(to("busy"), at=at)
    with notices.mail_server(settings):
        for _ in range(8):
            Message.objects.update(not_before=Now())
            message.send_due(at=at)

    row.refresh_from_db()
    assert (row.state, row.tries) == (MessageState.DEAD, 6)
    assert len(row.log) == 6


def test_a_mail_that_always_fails_ends_as_dead_and_blocks_no_other_mail(settings, at, monkeypatch):
    row, other = notices.parked_kind(at=at), notices.parked_kind(at=at)
    genuine = message.rendered_mail.render

    def poisoned(found, *, at):
        if found.pk == row.pk:
            raise RuntimeError("poison")
        return genuine(found, at=at)

    monkeypatch.setattr(message.rendered_mail, "render", poisoned)
    with notices.mail_server(settings) as sink:
        for _ in range(7):
            Message.objects.update(not_before=Now())
            message.send_due(at=at)

    row.refresh_from_db()
    assert row.state == MessageState.DEAD
    assert "poison" in row.error
    assert [one for _, one in sink.accepted] == [message_id(other)]


# ------------------------------------------------------------------ killed workers


def died(row, *, begun: bool) -> None:
    """Set a row as a killed worker leaves it: claimed, with an expired lease, begun or not."""
    Message.objects.filter(pk=row.pk).update(
        state=MessageState.CLAIMED,
        tries=1,
        claim=uuid.uuid4(),
        lease_until=Now() - timedelta(seconds=1),
        begun_at=Now() if begun else None,
    )


def test_a_worker_that_died_before_beginning_costs_nothing(settings, at):
    rows = [notices.parked_kind(at=at), notices.resent_kind(at=at)]
    for row in rows:
        died(row, begun=False)
    with notices.mail_server(settings) as sink:
        message.send_due(at=at)

    assert states() == {"done": 2}
    assert len(sink.accepted) == 2


def test_a_worker_that_died_in_between_leaves_it_to_the_policy(settings, at):
    parked, resent = notices.parked_kind(at=at), notices.resent_kind(at=at)
    died(parked, begun=True), died(resent, begun=True)
    with notices.mail_server(settings) as sink:
        message.send_due(at=at)

    assert states() == {"uncertain": 1, "done": 1}
    assert [one for _, one in sink.accepted] == [message_id(resent)]


def test_a_claim_that_was_lost_settles_nothing(settings, at):
    row = notices.parked_kind(at=at)
    with notices.mail_server(settings) as sink:
        sink.on_rcpt = None
        held = claims.claim(Message.objects.order_by("id"))[0]
        Message.objects.filter(pk=row.pk).update(claim=uuid.uuid4())

        assert message._settle(held, message.ServerReply(message.DeliveryStatus.SENT, "250"), at).done == 0

    row.refresh_from_db()
    assert row.state == MessageState.CLAIMED


# ------------------------------------------------------------------ no longer relevant


def test_what_was_closed_between_claim_and_send_is_not_sent(settings, at):
    called, todo = notices.resent_kind(at=at), notices.parked_kind(at=at)
    escalation = escalation_of(called)
    batch = claims.claim(Message.objects.order_by("id"))
    escalation_operations.resolve(escalation, reason="Fixed", by=SYSTEM, at=at)
    action_operations.finish(action_of(todo), by=SYSTEM, at=at)

    with notices.mail_server(settings) as sink, message.MailConnection() as line:
        for row in batch:
            message._send(row, line, at)

    assert sink.accepted == []
    assert states() == {"unwanted": 2}


def escalation_of(row):
    return Escalation.objects.select_related("subject", "about").get(subject=row.subject)


def action_of(row):
    return Action.objects.select_related("subject").get(subject=row.subject)


def test_who_left_gets_no_mail(settings, at):
    row = notices.parked_kind(at=at)
    type(row.user).objects.filter(pk=row.user_id).update(is_active=False)
    with notices.mail_server(settings) as sink:
        message.send_due(at=at)

    assert (states(), sink.accepted) == ({"unwanted": 1}, [])


def test_what_was_restricted_since_is_not_sent(settings, at):
    row = notices.parked_kind(at=at)
    type(row.subject).objects.filter(pk=row.subject_id).update(viewers=[], granted=[])
    with notices.mail_server(settings) as sink:
        message.send_due(at=at)

    assert (states(), sink.accepted) == ({"unwanted": 1}, [])


# ------------------------------------------------------------------ retry


def test_an_administrator_retries_dead_work(settings, at):
    row = notices.parked_kind(to("spam"), at=at)
    with notices.mail_server(settings, script={"spam": 1}) as sink:
        message.send_due(at=at)
        row.refresh_from_db()
        message.retry(row, by=Actor(people.user("Ada"), "page"), at=at)
        message.send_due(at=at)

    row.refresh_from_db()
    assert row.state == MessageState.DONE
    assert "Ada" in row.log[1]
    assert len(sink.accepted) == 1
    with pytest.raises(Refused):
        message.retry(row, by=SYSTEM, at=at)
