"""What people are told of sessions: invitations, one update for a move, cancellations, and the feed."""

import email
from datetime import timedelta
from email import policy

import pytest
from icalendar import Calendar

from kit.actor import SYSTEM, Actor
from learnings.operations import session as operations
from learnings.operations import sign_up as sign_ups
from meetings.operations import calendar_feed as feeds
from notices.models import Entry, Message
from notices.operations import message as messages
from notices.operations.message import as_bytes
from notices.queries import rendered_mail
from riskhub import schedule
from tests.factories import people
from tests.factories.sessions import session, sign_up
from tests.moments import AT

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def on():
    people.organisation(name="Northwind")
    return session("Reading a chart", seats=1, place="Room 5", by=people.user("Pat"))


def mails(reader, verb: str, *, at=AT) -> list[Message]:
    """Return the mails of this kind to a person, after everything waiting was handled."""
    schedule.act(at)
    found = Message.objects.filter(user=reader, verb=f"learnings.{verb}")
    return list(found.select_related("user", "subject", "event__subject").order_by("event_id"))


def calendar_of(message: Message):
    """Return the method and the only entry of the calendar part; None without one."""
    rendered = rendered_mail.render(message, at=AT)
    mail = email.message_from_bytes(as_bytes(message, rendered), policy=policy.default)
    parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    if not parts:
        return None
    calendar = Calendar.from_ical(parts[0].get_content())
    (entry,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), entry


def test_signing_up_mails_an_invitation_and_waiting_does_not(on):
    seat, waits = sign_up(on), sign_up(on)

    (message,) = mails(seat.person, "signed_up")
    method, entry = calendar_of(message)
    assert (method, entry["UID"], entry["SUMMARY"]) == (
        "REQUEST", f"session-{on.pk}@localhost", "Reading a chart")  # fmt: skip
    assert (entry["DTSTART"].dt, entry["LOCATION"]) == (on.starts_at, "Room 5")
    assert entry["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert entry["ORGANIZER"].params["CN"] == "Northwind learning sessions"
    assert mails(waits.person, "signed_up") == []
    reasons = Entry.objects.filter(user__in=[seat.person, waits.person]).order_by("event_id")
    assert list(reasons.values_list("why", flat=True)) == ["You signed up", "You are on the waiting list"]


def test_a_free_seat_mails_an_invitation_and_a_withdrawal_its_cancellation(on):
    seat, waits = sign_up(on), sign_up(on)
    sign_ups.withdraw(seat, by=Actor(seat.person, "page"), at=AT)

    (message,) = mails(seat.person, "sign_up_withdrawn")
    assert calendar_of(message)[0] == "CANCEL"
    (message,) = mails(waits.person, "seat_given")
    assert calendar_of(message)[0] == "REQUEST"


def test_a_session_moved_twice_tells_everybody_once(settings, on):
    seat, waits = sign_up(on), sign_up(on)
    (invited,) = mails(seat.person, "signed_up")
    first = calendar_of(invited)[1]
    messages.send_due(at=AT)
    operations.change(on, {"starts_at": on.starts_at + DAY}, by=SYSTEM, at=AT + MINUTE)
    operations.change(on, {"starts_at": on.starts_at + DAY}, by=SYSTEM, at=AT + 2 * MINUTE)
    operations.change(on, {"text": "No calendar shows this."}, by=SYSTEM, at=AT + 3 * MINUTE)
    for reader in (seat.person, waits.person):
        told = mails(reader, "session_moved", at=AT + 3 * MINUTE)
        messages.send_due(at=AT + 3 * MINUTE)
        sent = [row for row in told if Message.objects.get(pk=row.pk).state == "done"]
        assert len(sent) == 1
        found = calendar_of(sent[0])
        if reader == waits.person:
            assert found is None
            continue
        method, entry = found
        assert (method, entry["UID"], entry["DTSTART"].dt) == ("REQUEST", first["UID"], on.starts_at)
        assert entry["SEQUENCE"] > first["SEQUENCE"]


def test_cancelling_and_taking_up_again_reach_the_speaker_and_who_signed_up(on):
    sol = people.user("Sol")
    operations.change(on, {"speaker": sol}, by=SYSTEM, at=AT)
    seat = sign_up(on)
    operations.cancel(on, reason="Sol is ill", by=SYSTEM, at=AT)
    cancelled = {reader: mails(reader, "session_cancelled") for reader in (sol, seat.person, on.author)}
    for reader, told in cancelled.items():
        (message,) = told
        method = (calendar_of(message) or [None])[0]
        assert method == (None if reader == on.author else "CANCEL")
        assert "Sol is ill" in rendered_mail.render(message, at=AT).text
    operations.reinstate(on, by=SYSTEM, at=AT + MINUTE)

    (message,) = mails(seat.person, "session_reinstated", at=AT + MINUTE)
    assert calendar_of(message)[0] == "REQUEST"


def test_the_speaker_is_invited_when_it_is_planned():
    people.organisation()
    sol = people.user("Sol")
    on = session(speaker=sol)

    (message,) = mails(sol, "session_planned")
    assert calendar_of(message)[1]["UID"] == f"session-{on.pk}@localhost"


def test_a_new_speaker_is_invited_and_the_former_one_gets_a_cancellation():
    people.organisation()
    sol, wei = people.user("Sol"), people.user("Wei")
    on = session(speaker=sol)
    operations.change(on, {"speaker": wei}, by=SYSTEM, at=AT + MINUTE)
    operations.change(on, {"place": "Room 9"}, by=SYSTEM, at=AT + 2 * MINUTE)

    (message,) = mails(sol, "session_moved", at=AT + 2 * MINUTE)
    assert calendar_of(message)[0] == "CANCEL"
    assert "You are not the speaker" in rendered_mail.render(message, at=AT + 2 * MINUTE).text
    messages.send_due(at=AT + 2 * MINUTE)
    assert Message.objects.get(pk=message.pk).state == "done"
    told = mails(wei, "session_moved", at=AT + 2 * MINUTE)
    assert [calendar_of(one)[0] for one in told] == ["REQUEST", "REQUEST"]


def test_the_personal_feed_has_it_and_then_mails_carry_no_invitation(client, on):
    seat = sign_up(on)
    _, secret = feeds.add(seat.person, by=SYSTEM, at=AT)
    _, other = feeds.add(people.user(), by=SYSTEM, at=AT)

    found = Calendar.from_ical(client.get(f"/meetings/calendar/{secret}.ics").content)
    assert [event["UID"] for event in found.walk("VEVENT")] == [f"session-{on.pk}@localhost"]
    assert b"VEVENT" not in client.get(f"/meetings/calendar/{other}.ics").content
    (message,) = mails(seat.person, "signed_up")
    assert calendar_of(message) is None
    operations.cancel(on, reason="Ill", by=SYSTEM, at=AT)
    (event,) = Calendar.from_ical(client.get(f"/meetings/calendar/{secret}.ics").content).walk("VEVENT")
    assert event["STATUS"] == "CANCELLED"
