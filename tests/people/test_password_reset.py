"""A forgotten password: the same answer for everybody, a link that works once, and limits."""

from datetime import timedelta

import pytest
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM
from notices.models import Message
from notices.queries import mail as mails_seen
from people.authentication import find
from people.operations import password_reset, person, token
from people.states import Role
from tests.conftest import AT
from tests.factories import people
from tests.people.mails import link_in, main_of, sent

pytestmark = pytest.mark.django_db
OLD, NEW = "a-long-enough-passphrase", "another whole sentence works"
HERE = "/people/reset/"


@pytest.fixture
def ana(at):
    people.organisation()
    user = people.user("Ana", email="ana@example.org")
    person.set_password(user, OLD, by=SYSTEM, at=at)
    return user


def ask(email="ana@example.org", **extra):
    return Client().post(HERE, {"email": email}, **extra)


def test_a_link_by_mail_sets_a_password_once_and_ends_all_other_sessions(ana, settings, at):
    elsewhere = Client()
    elsewhere.force_login(ana)
    assert ask().status_code == 200

    ((to, title, text, html),) = sent(settings, at)
    address = link_in(text)
    theirs = Client()
    assert to == "ana@example.org"
    assert title == "Reset your password for Riskhub at Northwind"
    assert address in html
    assert theirs.get(address).status_code == theirs.get(address).status_code == 200
    assert theirs.post(address, {"password": NEW, "again": NEW}).status_code == 303

    assert theirs.get("/people/me/").status_code == 200
    assert elsewhere.get("/people/me/").status_code == 302
    assert theirs.get(address).status_code == 404
    assert Client().post(address, {"password": OLD, "again": OLD}).status_code == 404
    ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert Event.objects.filter(verb="people.password_reset", subject_id=ana.subject_id).count() == 1


def test_a_reset_revokes_the_tokens_and_the_mail_says_so(ana, settings, at):
    """Whoever knew the password may have made them."""
    _, text = token.issue(ana, name="T", scope="read", days=9, by=SYSTEM, at=at)
    assert find(text, at=at) is not None
    ask()
    ((_, _, mail, html),) = sent(settings, at)

    assert "revokes your API tokens" in mail
    assert "revokes your API tokens" in " ".join(html.split())
    Client().post(link_in(mail), {"password": NEW, "again": NEW})

    assert find(text, at=at) is None
    assert Event.objects.filter(verb="people.token_revoked").count() == 1


def test_the_answer_does_not_say_who_is_here(ana, settings, at):
    known, unknown = ask(), ask("nobody@example.org")

    assert known.status_code == unknown.status_code == 200
    assert main_of(known).replace("ana@", "nobody@") == main_of(unknown)
    assert len(sent(settings, at)) == 1


def test_a_deactivated_person_gets_no_mail(ana, settings, at):
    person.deactivate(ana, by=SYSTEM, at=at)

    assert ask().status_code == 200
    assert sent(settings, at) == []


def test_a_link_is_good_for_two_hours(ana, settings, at, move_clock):
    ask()
    address = link_in(sent(settings, at)[0][2])

    move_clock(AT + timedelta(hours=1, minutes=59))
    assert Client().get(address).status_code == 200
    move_clock(AT + timedelta(hours=2, seconds=1))
    page = Client().get(address)

    assert page.status_code == 404
    assert "Email me a link" in page.text


def test_one_account_is_mailed_three_times_in_fifteen_minutes(ana, settings, at, move_clock):
    answers = [ask(REMOTE_ADDR=f"203.0.{n}.9") for n in range(6)]

    assert [one.status_code for one in answers] == [200] * 3 + [429] * 3
    assert answers[-1]["Retry-After"] == "900"
    unknown = [ask("nobody@example.org", REMOTE_ADDR=f"198.51.{n}.9").status_code for n in range(4)]
    assert unknown == [200] * 3 + [429]  # unknown addresses are limited alike
    move_clock(AT + timedelta(minutes=21))
    assert ask().status_code == 200


def test_one_network_asks_for_a_limited_number(ana):
    codes = [ask(f"p{n}@example.org").status_code for n in range(password_reset.OF_NETWORK + 3)]

    assert codes.count(200) == password_reset.OF_NETWORK


def test_the_kept_mail_has_no_usable_link(ana, settings, at):
    """Neither the database nor an administrator has it, once a mail server sends it."""
    ask()
    address = link_in(sent(settings, at)[0][2])
    secret = address.strip("/").rpartition("/")[2]
    row = Message.objects.get()

    assert secret not in row.sent_text + row.sent_html
    settings.IS_MAIL_KEPT = False
    boss = people.user(role=Role.ADMINISTRATOR)
    seen = mails_seen.as_seen_by(boss, [row])[0]
    assert "/people/reset/" in seen.text
    assert secret not in seen.text + seen.html


def test_without_a_mail_server_only_the_person_reads_their_link(ana, client, settings, at):
    """An administrator makes a sign-in link instead, which is on record."""
    ask()
    secret = link_in(sent(settings, at)[0][2]).strip("/").rpartition("/")[2]
    row = Message.objects.get()
    settings.IS_MAIL_KEPT = True
    boss = people.user(role=Role.ADMINISTRATOR)

    of_boss, of_ana = (mails_seen.as_seen_by(reader, [row])[0] for reader in (boss, ana))
    client.force_login(boss)
    page = client.get(f"/notices/mail/{row.pk}/")

    assert secret not in of_boss.text + of_boss.html
    assert secret in of_ana.text
    assert secret not in page.text
    assert "create a sign-in link on the page of the person" in page.text


def test_a_mail_that_waited_too_long_is_not_sent(ana, settings, at, move_clock):
    ask()
    late = AT + timedelta(hours=3)
    move_clock(late)

    assert sent(settings, late) == []
    assert Message.objects.get().error == "The link was asked for too long ago."


def test_a_weak_password_is_refused_and_the_link_stays_good(ana, settings, at):
    ask()
    address = link_in(sent(settings, at)[0][2])

    assert Client().post(address, {"password": "short", "again": "short"}).status_code == 422
    assert Client().post(address, {"password": NEW, "again": "other"}).status_code == 422
    assert Client().post(address, {"password": NEW, "again": NEW}).status_code == 303
