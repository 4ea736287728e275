"""Invitations by mail: one for a series, then one for each change, read as mail programs read them."""

import email
from datetime import time, timedelta
from email import policy
from email.message import EmailMessage

import pytest
from icalendar import Calendar, Event

from history.models import Event as Event_
from kit.actor import SYSTEM
from meetings.models import CalendarFeed
from meetings.operations import calendar_feed as feeds
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from notices.models import Message
from notices.operations.message import as_bytes
from notices.queries import rendered_mail
from people.operations import team as teams
from riskhub import schedule
from tests.factories import meetings as make
from tests.factories import people
from tests.moments import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def series():
    people.organisation(name="Northwind")
    team, _ = make.crew()
    return make.series(team, name="Weekly risk review", place="Room 5")


def told(reader, verb: str) -> list[Message]:
    """Return the mails of this kind to a person, after everything waiting was handled."""
    schedule.act(AT)
    found = Message.objects.filter(user=reader, verb=f"meetings.{verb}")
    return list(found.select_related("user", "subject", "event__subject").order_by("event_id"))


def mail_of(message: Message) -> EmailMessage:
    rendered = rendered_mail.render(message, at=AT)
    return email.message_from_bytes(as_bytes(message, rendered), policy=policy.default)


def calendar_of(message: Message) -> tuple[str, list[Event]]:
    """Return the method and the entries of the calendar part."""
    (part,) = [part for part in mail_of(message).walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_param("method") == calendar["METHOD"]
    return calendar["METHOD"], calendar.walk("VEVENT")


def member_of(series):
    return series.teams.get().members.order_by("pk")[0]


def test_a_series_invites_each_participant_once_with_its_rule(series):
    people_told = series.teams.get().members.order_by("pk")

    for reader in people_told:
        (message,) = told(reader, "series_added")
        method, (entry,) = calendar_of(message)
        assert method == "REQUEST"
        assert entry["UID"] == f"series-{series.pk}@localhost"
        assert entry["RRULE"].to_ical() == b"FREQ=WEEKLY"
        assert entry["DTSTART"].dt == make.planned(series).starts_at
        assert (entry["SUMMARY"], entry["LOCATION"]) == ("Weekly risk review", "Room 5")
        assert entry["ORGANIZER"] == "mailto:riskhub@localhost"
        assert entry["ORGANIZER"].params["CN"] == "Northwind meetings"
        assert entry["ATTENDEE"] == f"mailto:{reader.email}"
        assert entry["ATTENDEE"].params["RSVP"] == "FALSE"
    assert Message.objects.filter(verb__startswith="meetings.").count() == len(people_told)


def test_the_mail_has_the_invitation_as_a_part_and_as_a_file(series):
    """Outlook and Google read the part beside text and HTML, Apple Mail and Thunderbird show the file."""
    (message,) = told(member_of(series), "series_added")
    mail = mail_of(message)

    types = [part.get_content_type() for part in mail.walk()]
    assert types == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "invite.ics"
    assert file.get_content().startswith(b"BEGIN:VCALENDAR\r\n")
    data = as_bytes(message, rendered_mail.render(message, at=AT))
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert "Every week" in mail["Subject"]


def test_a_moved_meeting_changes_its_one_occurrence(series):
    meeting = make.planned(series, 3)
    was = meeting.starts_at
    meetings.move(meeting, starts_at=was + DAY, by=SYSTEM, at=AT)
    reader = member_of(series)

    (message,) = told(reader, "meeting_moved")
    method, (entry,) = calendar_of(message)

    (invitation,) = told(reader, "series_added")
    _, entries = calendar_of(invitation)
    assert method == "REQUEST"
    assert entry["UID"] == entries[0]["UID"]
    assert entry["RECURRENCE-ID"].dt == was
    assert entry["DTSTART"].dt == was + DAY
    assert entry["SEQUENCE"] > entries[0]["SEQUENCE"]
    assert "RRULE" not in entry
    assert "Moved" in mail_of(message)["Subject"]
    # Who is invited after that gets the rule with the moved meeting beside it.
    assert [one.get("RECURRENCE-ID") and one["RECURRENCE-ID"].dt for one in entries] == [None, was]


def test_cancelling_a_meeting_mails_its_participants_with_the_reason(series):
    meeting = make.planned(series, 3)
    meetings.cancel(meeting, reason="Year-end closing", by=SYSTEM, at=AT)

    for reader in series.teams.get().members.all():
        (message,) = told(reader, "meeting_cancelled")
        method, (entry,) = calendar_of(message)
        assert method == "CANCEL"
        assert entry["STATUS"] == "CANCELLED"
        assert entry["RECURRENCE-ID"].dt == meeting.starts_at
        text = mail_of(message).get_body(("plain",)).get_content()
        assert "Reason: Year-end closing" in text
    (invitation,) = told(reader, "series_added")
    _, (whole,) = calendar_of(invitation)
    assert [one.dt for one in whole["EXDATE"].dts] == [meeting.starts_at]


def test_a_meeting_that_nobody_started_mails_nobody_that_it_is_cancelled(series, move_clock):
    meeting = make.planned(series)
    later = meeting.ends_at + 2 * DAY
    move_clock(later)
    schedule.tick(later)

    meeting.refresh_from_db()
    states = Message.objects.filter(subject=meeting.subject, verb="meetings.meeting_cancelled")
    assert meeting.state == "cancelled"
    assert {one.state for one in states} <= {"unwanted"}


def test_a_reinstated_meeting_is_requested_again_with_a_higher_sequence(series):
    meeting = meetings.cancel(make.planned(series, 3), by=SYSTEM, at=AT)
    reader = member_of(series)
    (cancelled,) = told(reader, "meeting_cancelled")
    sequence = cancelled.event_id
    meetings.reinstate(meeting, by=SYSTEM, at=AT)

    (message,) = told(reader, "meeting_reinstated")
    method, (entry,) = calendar_of(message)

    assert method == "REQUEST"
    assert entry["STATUS"] == "CONFIRMED"
    assert entry["SEQUENCE"] > sequence


def test_a_change_of_the_schedule_sends_one_mail_to_each_person(series):
    told(member_of(series), "series_added")
    all_series.change(series, {"starts_at": time(14), "length_minutes": 30}, by=SYSTEM, at=AT)

    for reader in series.teams.get().members.all():
        (message,) = told(reader, "series_changed")
        _, (entry,) = calendar_of(message)
        assert entry["DTEND"].dt - entry["DTSTART"].dt == timedelta(minutes=30)
        assert entry["DTSTART"].dt.hour == 14
        assert not told(reader, "meeting_moved")


def test_a_change_that_calendars_do_not_show_mails_nobody(series):
    all_series.change(series, {"purpose": "Review risks"}, by=SYSTEM, at=AT)

    assert told(member_of(series), "series_changed") == []


def test_a_retired_series_is_cancelled_as_a_whole(series):
    all_series.retire(series, by=SYSTEM, at=AT)

    (message,) = told(member_of(series), "series_retired")
    method, (entry,) = calendar_of(message)

    assert method == "CANCEL"
    assert entry["UID"] == f"series-{series.pk}@localhost"
    assert "RECURRENCE-ID" not in entry
    assert not told(member_of(series), "meeting_cancelled")


def test_who_joins_later_is_invited_alone_and_who_leaves_is_cancelled_alone(series):
    newcomer, team = people.user("Nia"), series.teams.get()
    old = member_of(series)
    told(old, "series_added")

    teams.join(team, newcomer, by=SYSTEM, at=AT)
    (joined,) = told(newcomer, "participants_joined")
    method, _ = calendar_of(joined)
    teams.leave(team, newcomer, by=SYSTEM, at=AT)
    (left,) = told(newcomer, "participants_left")

    assert method == "REQUEST"
    assert calendar_of(left)[0] == "CANCEL"
    assert not told(old, "participants_joined") and not told(old, "participants_left")


def test_who_takes_part_twice_is_invited_once_and_stays_invited(series):
    both, team = people.user("Bea"), series.teams.get()
    all_series.change(series, {"participants": [both]}, by=SYSTEM, at=AT)
    teams.join(team, both, by=SYSTEM, at=AT)
    schedule.act(AT)
    teams.leave(team, both, by=SYSTEM, at=AT)

    assert len(told(both, "participants_joined")) == 1
    assert told(both, "participants_left") == []


def test_a_membership_from_before_the_series_invites_nobody_again():
    """The handler of the membership runs after the series was added."""
    team, members = make.crew()
    make.series(team)

    schedule.act(AT)

    assert Message.objects.filter(user__in=members).count() == len(members)
    assert not Event_.objects.filter(verb="meetings.participants_joined").exists()


def test_a_subscribed_person_gets_the_mail_without_an_invitation(series):
    reader = member_of(series)
    feed, _ = feeds.add(reader, by=SYSTEM, at=AT)
    feeds.note_reading(feed, at=AT - 13 * DAY)
    meetings.cancel(make.planned(series, 3), by=SYSTEM, at=AT)

    (message,) = told(reader, "meeting_cancelled")
    assert "text/calendar" not in {part.get_content_type() for part in mail_of(message).walk()}

    CalendarFeed.objects.update(last_read_at=AT - 15 * DAY)
    assert calendar_of(message)[0] == "CANCEL"


def test_an_old_move_is_not_mailed_after_a_newer_one(settings, series):
    settings.IS_MAIL_KEPT = True
    reader = member_of(series)
    for days in (1, 2):
        meeting = make.planned(series, 3)
        meetings.move(meeting, starts_at=meeting.starts_at + days * DAY, by=SYSTEM, at=AT)
    schedule.tick(AT)

    first, second = told(reader, "meeting_moved")
    assert (first.state, second.state) == ("unwanted", "done")
    assert f"{make.planned(series, 3).starts_at:%-d %b %Y}" in second.sent_text
