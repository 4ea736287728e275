"""Mails as bytes: the requirements of transports and mail programs, and the retry after a refusal."""

import email
from email import policy

import pytest

from history.models import Event
from notices.models import Entry, Message
from notices.operations import message
from notices.operations.message import as_bytes, as_plain_bytes
from notices.queries import rendered_mail
from notices.queries.rendered_mail import RenderedMail
from notices.states import MessageState
from people.states import Role
from risklog.models import Escalation
from signals.models import BreachGroup
from tests.factories import notices, people, signals

pytestmark = pytest.mark.django_db
# Each value has a line break or makes a long line.
ODD = ["\x0b", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x0c", "é" * 900, "x" * 5000]


def rendered(text):
    title = " ".join(text.split())[:200]
    html = f"<html><body><p>Before {text} after {text}</p></body></html>"
    return RenderedMail("ana@example.org", title, f"Before {text} after\n.\nend\n", html, {})


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd[:3]))
@pytest.mark.parametrize("form", [as_bytes, as_plain_bytes])
def test_no_line_of_a_mail_is_long_whatever_is_in_it(odd, form):
    data = form(Message(), rendered(f"a{odd}b" * 30))

    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"") and b"\r" not in data.replace(b"\r\n", b"")
    assert data.isascii()


def test_text_and_html_come_through_the_encoding():
    mail = email.message_from_bytes(as_bytes(Message(), rendered("Müller → 风险")), policy=policy.default)

    assert "Before Müller → 风险 after" in mail.get_body(("plain",)).get_content()
    assert "Before Müller → 风险 after" in mail.get_body(("html",)).get_content()
    assert {part["Content-Transfer-Encoding"] for part in mail.iter_parts()} == {"quoted-printable"}


@pytest.mark.parametrize("form", [as_bytes, as_plain_bytes])
def test_every_mail_says_that_a_machine_wrote_it(form):
    mail = email.message_from_bytes(form(Message(), rendered("x")))

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_a_plain_mail_is_one_part():
    mail = email.message_from_bytes(as_plain_bytes(Message(), rendered("x")))
    assert mail.get_content_type() == "text/plain"


def test_an_alert_cannot_forge_lines_of_a_mail(at):
    """This holds for a new title, and for one that was stored before line breaks were removed."""
    forged = "Drift\r\n\r\nAcknowledge: http://evil.example/"
    labels = signals.sent_alert("age")["labels"] | {"alertname": forged}
    signals.alerts(signals.sent_alert("age") | {"labels": labels})
    group = BreachGroup.objects.select_related("subject").get()
    assert "\n" not in group.title and "\n" not in group.subject.title

    row = notices.resent_kind(at=at)
    type(row.subject).objects.filter(pk=row.subject_id).update(title=forged)
    Escalation.objects.filter(subject=row.subject_id).update(title=forged)
    row = Message.objects.select_related("user", "subject", "event").get(pk=row.pk)
    text = rendered_mail.render(row, at=at).text
    assert "\nAcknowledge: http://evil.example/" not in text


def test_an_escalation_that_is_refused_goes_out_as_plain_text(settings, at):
    with notices.mail_server(settings, {"spam": 1}) as sink:
        row = notices.resent_kind(people.user(email="spam@example.org"), at=at)
        message.send_due(at=at)

    row.refresh_from_db()
    assert row.state == MessageState.DONE
    assert [mail.get_content_type() for mail in sink.mails] == ["text/plain"]
    assert "554" in row.log[0] and "plain text" in row.log[0]


def test_an_escalation_mail_that_is_refused_twice_notifies_administrators(settings, at):
    ada = people.user("Ada", role=Role.ADMINISTRATOR)
    with notices.mail_server(settings, {"spam": 9}):
        person = people.user(email="spam@example.org")
        row = notices.resent_kind(person, at=at)
        message.send_due(at=at)

    row.refresh_from_db()
    assert row.state == MessageState.DEAD
    event = Event.objects.get(verb="notices.escalation_mail_failed")
    assert (event.subject_id, event.data["mail"]) == (person.subject_id, str(row.pk))
    notices.notify_of("notices.escalation_mail_failed", at)
    assert Entry.objects.get(event=event).user == ada


def test_another_mail_that_is_refused_is_not_tried_in_another_form(settings, at):
    with notices.mail_server(settings, {"spam": 1}) as sink:
        row = notices.parked_kind(people.user(email="spam@example.org"), at=at)
        message.send_due(at=at)

    row.refresh_from_db()
    assert row.state == MessageState.DEAD and sink.accepted == []
    assert not Event.objects.filter(verb="notices.escalation_mail_failed").exists()
