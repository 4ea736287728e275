"""Mails shortly after each other become one, and those above the most of an hour. Escalations never wait."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from actions.operations import action as action_operations
from history import declarations
from kit.actor import SYSTEM
from notices.models import Entry, Message
from notices.operations import bundle, message
from notices.queries import mail as mails
from people.states import Role
from tests.conftest import AT
from tests.factories import actions, notices, people, risks

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana():
    return people.user("Ana", email="ana@example.org")


def assigned(user, title="Fix it"):
    made = actions.action(title, owner=user)
    notices.notify_about(made)
    return made


def later(delta) -> None:
    """Let time pass for the mails, by the clock of the database."""
    for row in Message.objects.all():
        begun = row.begun_at - delta if row.begun_at else None
        Message.objects.filter(pk=row.pk).update(not_before=row.not_before - delta, begun_at=begun)


def states(user) -> list[str]:
    return list(
        Message.objects.filter(user=user).order_by("made_at", "event_id").values_list("state", flat=True)
    )


def test_mails_that_wait_together_are_one(settings, ana):
    made = [assigned(ana, title) for title in ("Cap it", "Check it", "Close it")]
    with notices.mail_server(settings) as server:
        message.send_due(at=AT)

        (mail,) = server.mails
        assert mail["Subject"].startswith("3 notifications: ")
        text = mail.get_payload()[0].get_payload(decode=True).decode()
        for title, one in zip(("Cap it", "Check it", "Close it"), made, strict=True):
            assert title in text
            assert f"/actions/{one.reference}/" in text
    assert states(ana) == ["done"] * 3
    lead = Message.objects.get(bundled_in__isnull=True)
    assert mail["Message-ID"] == f"<{lead.pk}@localhost>"
    assert Message.objects.filter(bundled_in=lead).count() == 2
    assert Entry.objects.filter(user=ana, read_at__isnull=True).count() == 3  # the inbox is as before
    assert set(lead.names) >= {one.subject_id for one in made}


def test_a_mail_soon_after_another_waits_and_is_sent_with_those_that_follow(settings, ana):
    with notices.mail_server(settings) as server:
        assigned(ana, "First")
        message.send_due(at=AT)
        assert len(server.mails) == 1  # a single mail does not wait
        for title in ("Second", "Third"):
            assigned(ana, title)
            message.send_due(at=AT)
        assert (len(server.mails), states(ana)) == (1, ["done", "pending", "pending"])
        assert set(Message.objects.filter(state="pending").values_list("tries", flat=True)) == {0}
        later(4 * MINUTE)
        message.send_due(at=AT)
        assert len(server.mails) == 1

        later(2 * MINUTE)
        message.send_due(at=AT)

        assert (len(server.mails), states(ana)) == (2, ["done"] * 3)
        assert server.mails[1]["Subject"].startswith("2 notifications: ")


def test_other_people_do_not_wait(settings, ana):
    with notices.mail_server(settings) as server:
        for user in (ana, people.user(email="ben@example.org"), people.user(email="cem@example.org")):
            assigned(user)
            message.send_due(at=AT)

        assert sorted(to for to, _ in server.accepted) == [
            "ana@example.org",
            "ben@example.org",
            "cem@example.org",
        ]


def test_escalations_never_wait_and_are_never_in_a_bundle(settings, ana):
    with notices.mail_server(settings) as server:
        assigned(ana)
        message.send_due(at=AT)
        for _ in range(2):
            notices.resent_kind(ana)
        assigned(ana)
        message.send_due(at=AT)

        assert len(server.mails) == 3
        assert not any(mail["Subject"].startswith("2 notif") for mail in server.mails)
        assert states(ana).count("pending") == 1


def test_invitations_and_minutes_go_alone():
    alone = {
        one.verb
        for one in declarations.every()
        if (one.mail and one.mail.templates in {"series", "meeting_time"})
        or one.verb == "meetings.meeting_closed"
    }

    assert len(alone) > 3
    assert [verb for verb in alone if bundle.may_wait(Message(verb=verb))] == []
    assert bundle.may_wait(Message(verb="risklog.review_asked")) is True


def test_after_the_most_of_an_hour_the_rest_waits_and_becomes_one(settings, ana):
    settings.MAILS_AN_HOUR = 3
    with notices.mail_server(settings) as server:
        for number in range(6):
            assigned(ana, f"Number {number}")
            message.send_due(at=AT)
            later(6 * MINUTE)
        assert len(server.mails) == 3
        later(20 * MINUTE)
        message.send_due(at=AT)
        assert len(server.mails) == 3

        later(8 * MINUTE)  # the first one is an hour old
        message.send_due(at=AT)

        assert len(server.mails) == 4
        assert server.mails[3]["Subject"].startswith("3 notifications: ")


def test_what_was_settled_meanwhile_is_not_in_the_bundle(settings, ana):
    kept, dropped = assigned(ana, "Keep it"), assigned(ana, "Drop it")
    third = assigned(ana, "Third")
    action_operations.drop(dropped, reason="Not needed any more.", by=SYSTEM, at=AT)
    with notices.mail_server(settings) as server:
        message.send_due(at=AT)

        (mail,) = server.mails
        text = mail.get_payload()[0].get_payload(decode=True).decode()
    assert ("Keep it" in text, "Third" in text, "Drop it" in text) == (True, True, False)
    by_subject = dict(Message.objects.values_list("subject_id", "state"))
    assert by_subject[dropped.subject_id] == "unwanted"
    assert by_subject[kept.subject_id] == by_subject[third.subject_id] == "done"


def test_a_bundle_that_is_refused_for_now_is_sent_again_as_it_is(settings):
    busy = people.user("Bea", email="busy.bea@example.org")
    for _ in range(3):
        assigned(busy)
    with notices.mail_server(settings, {"busy": 1}) as server:
        message.send_due(at=AT)
        assert sorted(states(busy)) == ["bundled", "bundled", "pending"]
        Message.objects.update(not_before=Now())
        message.send_due(at=AT)

        assert (len(server.mails), states(busy)) == (1, ["done"] * 3)
        assert server.mails[0]["Subject"].startswith("3 notifications")


def test_a_bundle_that_fails_for_good_is_dead_and_can_be_retried_as_a_whole(settings):
    full = people.user("Flo", email="full.flo@example.org")
    for _ in range(2):
        assigned(full)
    with notices.mail_server(settings, {"full": 6}) as server:
        for _ in range(6):
            Message.objects.update(not_before=Now())
            message.send_due(at=AT)
        assert states(full) == ["dead", "dead"]
        lead = Message.objects.get(bundled_in__isnull=True)

        message.retry(lead, by=SYSTEM, at=AT)
        assert sorted(states(full)) == ["bundled", "pending"]
        message.send_due(at=AT)

        assert (states(full), len(server.mails)) == (["done", "done"], 1)


def test_a_bundle_whose_end_is_unknown_is_uncertain_as_a_whole(settings):
    cut = people.user("Cal", email="cut.cal@example.org")
    for _ in range(2):
        assigned(cut)
    with notices.mail_server(settings, {"cut": 1}) as server:
        message.send_due(at=AT)
        message.send_due(at=AT)

    assert states(cut) == ["uncertain", "uncertain"]
    assert len(server.mails) <= 1


def test_a_bundle_whose_worker_died_is_uncertain_as_a_whole(settings, ana, monkeypatch):
    for _ in range(2):
        assigned(ana)

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with notices.mail_server(settings):
        monkeypatch.setattr(message.MailConnection, "hand_over", dies)
        with pytest.raises(KeyboardInterrupt):
            message.send_due(at=AT)
        assert sorted(states(ana)) == ["bundled", "claimed"]
        Message.objects.filter(state="claimed").update(lease_until=Now() - MINUTE)
        message.send_due(at=AT)

    assert states(ana) == ["uncertain", "uncertain"]


def test_the_others_wait_again_if_the_lead_is_not_relevant_when_it_is_tried_again(settings):
    busy = people.user("Bea", email="busy.bea@example.org")
    made = [assigned(busy, title) for title in ("One", "Two")]
    with notices.mail_server(settings, {"busy": 1}) as server:
        message.send_due(at=AT)
        lead = Message.objects.get(bundled_in__isnull=True)
        dropped = next(one for one in made if one.subject_id == lead.subject_id)
        dropped.refresh_from_db()
        action_operations.drop(dropped, reason="Not needed any more.", by=SYSTEM, at=AT)
        for _ in range(2):
            Message.objects.update(not_before=Now())
            message.send_due(at=AT)

        assert sorted(states(busy)) == ["done", "unwanted"]
        assert len(server.mails) == 1


def test_bundles_can_be_switched_off(settings, ana):
    settings.MAIL_BUNDLE_MINUTES = 0
    with notices.mail_server(settings) as server:
        for _ in range(3):
            assigned(ana)
        message.send_due(at=AT)

        assert len(server.mails) == 3


def test_mails_that_are_only_kept_are_kept_each(settings, ana):
    settings.IS_MAIL_KEPT = True
    for _ in range(3):
        assigned(ana)
    message.send_due(at=AT)

    assert (states(ana), Message.objects.filter(bundled_in__isnull=False).count()) == (["done"] * 3, 0)


def test_administrators_see_a_bundle_only_if_they_may_see_all_of_it(settings, client):
    people.organisation()
    team = people.team("Fraud")
    mia = people.user("Mia", teams=[team])
    ada = people.user("Ada", role=Role.ADMINISTRATOR)
    hidden = risks.risk(title="Zanzibar", viewers=[team.subject_id])
    for about in (None, hidden.subject):
        notices.notify_about(actions.action(owner=mia, about=about))
    with notices.mail_server(settings):
        message.send_due(at=AT)

    lead = Message.objects.get(bundled_in__isnull=True)
    (row,) = mails.as_seen_by(ada, [lead])
    assert (row.is_hidden, row.text) == (True, "")
    client.force_login(ada)
    follower = Message.objects.get(bundled_in=lead)
    assert "another mail" in client.get(f"/notices/mail/{follower.pk}/").content.decode()


def test_a_digest_is_no_part_of_a_bundle(ana):
    digest = Message(user=ana, digest_id=1)

    assert bundle.may_wait(digest) is False
