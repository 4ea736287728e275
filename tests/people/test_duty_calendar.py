"""Duties from iCalendar files: who is named, rules and zones, and files that harm."""

import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from people import duty_calendar
from people.duty_calendar import CalendarPlan, DutyPerson, Period, UnreadableCalendar, read, read_apart
from people.roster import OnDuty, shifts
from tests.conftest import AT

ANA, BEN, CEM, VIC, SAM, SAM_2 = range(1, 7)
PEOPLE = (
    DutyPerson(ANA, "Ana Müller", "ana@example.org", "ana-mueller", True),
    DutyPerson(BEN, "Ben Ito", "ben.ito@example.org", "ben", True),
    DutyPerson(CEM, "Cem", "cem@example.org", "cem-1", True),
    DutyPerson(VIC, "Vic Viewer", "vic@example.org", "vic", False),
    DutyPerson(SAM, "Sam Lee", "sam@example.org", "sam", True),
    DutyPerson(SAM_2, "Sam Lee", "sam2@example.org", "sam-2", True),
)
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
SINCE, UNTIL = AT - DAY, AT + 70 * DAY


def file(*events: str, head: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN", *filter(None, [head])]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}@x", *event.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*(line.strip() for line in lines), "END:VCALENDAR", ""]).encode()


def reading(*events: str, head: str = "", since=SINCE, until=UNTIL):
    return read(file(*events, head=head), since=since, until=until, zone=BERLIN, people=PEOPLE)


SHIFT = "DTSTART:20261123T080000Z\nDTEND:20261123T200000Z\n"


@pytest.mark.parametrize(
    ("names", "people", "unknown"),
    [
        ("ATTENDEE;CN=A:mailto:ana@example.org", [ANA], []),
        ("ATTENDEE:MAILTO:Ana@Example.org\nSUMMARY:Ben Ito", [ANA], []),
        ("ATTENDEE:mailto:ana@example.org\nATTENDEE:mailto:ben.ito@example.org", [ANA, BEN], []),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:ana@example.org\nATTENDEE:mailto:cem@example.org", [CEM], []),
        (
            "ATTENDEE;CUTYPE=ROOM:mailto:room@example.org\nSUMMARY:On call: Ana Müller (primary)",
            [ANA],
            [],
        ),
        ("ATTENDEE:mailto:eve@elsewhere.org\nSUMMARY:Ben Ito", [BEN], ["eve@elsewhere.org"]),
        ("ATTENDEE:mailto:eve@elsewhere.org", [], ["eve@elsewhere.org"]),
        ("SUMMARY:ben ito", [BEN], []),
        ("SUMMARY:[L1] cem-1", [CEM], []),
        ("SUMMARY:On duty <ben.ito@example.org>", [BEN], []),
        ("SUMMARY:Cemetery tour", [], ["“Cemetery tour” names nobody"]),
        ("SUMMARY:Cem and Ana Müller", [CEM, ANA], []),
        ("SUMMARY:Ana Mu\u0308ller", [ANA], []),
        ("SUMMARY:No\x00body\u202e", [], ["“Nobody” names nobody"]),
        ("SUMMARY:Sam Lee", [], ["“Sam Lee” names several people. Use an address or a handle"]),
        ("SUMMARY:sam-2", [SAM_2], []),
        ("SUMMARY:Platform\nORGANIZER:mailto:ana@example.org", [ANA], []),
        ("SUMMARY:Vic Viewer", [], ["Vic Viewer does not have this function, or may not act"]),
        ("", [], ["An event without a title names nobody"]),
    ],
)
def test_who_an_event_names(names, people, unknown):
    found = reading(SHIFT + names)

    assert ([period.person for period in found.periods], list(found.unknown)) == (people, unknown)


def test_a_rule_keeps_its_local_time_through_the_end_of_summer_time():
    found = reading(
        "DTSTART;TZID=Europe/Berlin:20261019T090000\nDTEND;TZID=Europe/Berlin:20261019T170000\n"
        "RRULE:FREQ=WEEKLY;BYDAY=MO\nEXDATE;TZID=Europe/Berlin:20261102T090000\nSUMMARY:Cem",
        since=datetime(2026, 10, 18, tzinfo=UTC),
        until=datetime(2026, 11, 12, tzinfo=UTC),
    )

    assert [period.starts_at.strftime("%d %H:%M") for period in found.periods] == [
        "19 07:00",
        "26 08:00",
        "09 08:00",
    ]


def test_one_repetition_that_was_moved_to_another_person():
    data = file(
        "DTSTART:20261123T080000Z\nDTEND:20261124T080000Z\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:Cem",
        "DTSTART:20261124T080000Z\nDTEND:20261125T080000Z\nRECURRENCE-ID:20261124T080000Z\n"
        "SUMMARY:Ana Müller",
    ).replace(b"UID:1@x", b"UID:0@x")
    found = read(data, since=SINCE, until=UNTIL, zone=BERLIN, people=PEOPLE)

    assert [period.person for period in found.periods] == [CEM, ANA, CEM]


@pytest.mark.parametrize(
    ("event", "begins", "ends"),
    [
        ("DTSTART;VALUE=DATE:20261130\nDTEND;VALUE=DATE:20261207", "29 23:00", "06 23:00"),
        ("DTSTART;VALUE=DATE:20261130", "29 23:00", "30 23:00"),
        ("DTSTART:20261130T090000\nDTEND:20261130T100000", "30 08:00", "30 09:00"),
        ("DTSTART:20261130T090000Z\nDURATION:PT90M", "30 09:00", "30 10:30"),
        ("DTSTART;TZID=America/New_York:20261130T090000\nDURATION:PT1H", "30 14:00", "30 15:00"),
    ],
)
def test_the_time_of_an_event(event, begins, ends):
    (period,) = reading(event + "\nSUMMARY:Cem").periods

    assert (period.starts_at.strftime("%d %H:%M"), period.ends_at.strftime("%d %H:%M")) == (begins, ends)


def test_a_cancelled_event_and_one_without_a_length_are_no_duty():
    found = reading(SHIFT + "STATUS:CANCELLED\nSUMMARY:Cem", "DTSTART:20261123T080000Z\nSUMMARY:Cem")

    assert found.periods == ()


def test_an_empty_calendar_has_no_duties():
    assert reading().periods == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no iCalendar file"),
        (b"<html><body>Sign in</body></html>", "no iCalendar file"),
        (b"\xff\xfe\x00", "no iCalendar file"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "cannot be read"),
        (file("DTSTART:yesterday\nSUMMARY:x"), "cannot be read"),
        (file("DTSTART:20261123T080000Z\nRRULE:FREQ=SECONDLY\nSUMMARY:Cem"), "frequency “SECONDLY”"),
        (file("DTSTART:20261123T080000Z\nRRULE:FREQ=MINUTELY\nSUMMARY:Cem"), "frequency “MINUTELY”"),
        (file("DTSTART:00010101T000000Z\nRRULE:FREQ=HOURLY\nSUMMARY:Cem"), "repeat too often"),
        (
            file(
                "DTSTART:20200101T000000Z\nSUMMARY:Cem\nRRULE:FREQ=DAILY;"
                "BYHOUR=0,1,2,3,4,5,6,7;BYMINUTE=0,10,20,30,40,50;BYSECOND=0,20,40"
            ),
            "repeat too often",
        ),
        (file(*["DTSTART:20261123T080000Z\nSUMMARY:Cem"] * 3001), "more than 3,000 events"),
        (
            file("DTSTART:20261123T080000Z\nDURATION:PT1M\nRRULE:FREQ=HOURLY\nSUMMARY:Cem"),
            "more than 1000 duties",
        ),
    ],
)
def test_a_file_that_is_no_calendar_or_harms_is_refused_quickly(data, reason):
    began = time.monotonic()
    with pytest.raises(UnreadableCalendar, match=reason):
        read(data, since=SINCE, until=UNTIL, zone=BERLIN, people=PEOPLE)

    assert time.monotonic() - began < 10


def test_a_plan_with_two_people_gives_the_first_one_then_the_other():
    hour = timedelta(hours=1)
    plan = CalendarPlan((Period(AT, AT + 8 * hour, ANA), Period(AT + hour, AT + 9 * hour, BEN)), BERLIN)

    def planned(away):
        found = shifts(plan, AT, AT + DAY, {ANA, BEN, CEM}, lambda day: away)
        return [(shift.ends_at - AT, shift.who) for shift in found]

    assert planned({}) == [(8 * hour, OnDuty(ANA)), (9 * hour, OnDuty(BEN))]
    assert planned({ANA: None}) == [
        (hour, OnDuty(None, ANA)),
        (8 * hour, OnDuty(BEN, ANA)),
        (9 * hour, OnDuty(BEN)),
    ]
    assert planned({ANA: CEM})[0] == (8 * hour, OnDuty(CEM, ANA))


ENDLESS = (
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=HOURLY;BYSETPOS=2",
    "FREQ=DAILY\nRRULE:FREQ=DAILY;INTERVAL=0",
    f"FREQ=YEARLY;BYYEARDAY={','.join(map(str, range(1, 366)))};BYMINUTE={','.join(map(str, range(60)))}"
    f";BYHOUR={','.join(map(str, range(24)))}",
)


@pytest.mark.parametrize("rule", ENDLESS, ids=("no day", "no hour", "no step", "each minute"))
def test_a_rule_that_does_not_end_stops_the_reading_of_its_calendar(rule, monkeypatch):
    monkeypatch.setattr(duty_calendar, "MOST_SECONDS", 2)
    events = [f"{SHIFT}SUMMARY:cem-1\nRRULE:{rule}"] * 20

    with pytest.raises(UnreadableCalendar, match="takes too long"):
        read_apart(file(*events), since=SINCE, until=UNTIL, zone=BERLIN, people=PEOPLE)


def test_a_calendar_is_read_in_a_process_of_its_own():
    wanted = {"since": SINCE, "until": UNTIL, "zone": BERLIN, "people": PEOPLE}

    found = read_apart(file(f"{SHIFT}SUMMARY:cem-1"), **wanted)

    assert [period.person for period in found.periods] == [CEM]
    with pytest.raises(UnreadableCalendar, match="BEGIN:VCALENDAR"):
        read_apart(b"<html>", **wanted)


WANTED = {"since": SINCE, "until": UNTIL, "zone": BERLIN, "people": PEOPLE}


def test_a_calendar_that_takes_too_much_memory_is_not_read(monkeypatch):
    """Its text is decoded within a limit that has room for the bytes, and not for both."""
    megabyte = 1024 * 1024
    monkeypatch.setattr(duty_calendar, "MOST_MEMORY", 100 * megabyte)

    with pytest.raises(UnreadableCalendar, match="too much memory"):
        read_apart(b"BEGIN:VCALENDAR" + b"x" * (64 * megabyte), **WANTED)


def in_place_of_python(monkeypatch, folder, lines: str) -> None:
    """Let the process that reads calendars begin with these lines of a shell script."""
    script = folder / "python"
    script.write_text(f'#!/bin/sh\n{lines}\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setattr(duty_calendar.sys, "executable", str(script))


def test_a_reading_that_the_system_kills_is_not_said_to_take_too_long(monkeypatch, tmp_path):
    in_place_of_python(monkeypatch, tmp_path, "kill -9 $$")

    with pytest.raises(UnreadableCalendar, match="stopped by signal 9"):
        read_apart(file(f"{SHIFT}SUMMARY:cem-1"), **WANTED)


def test_an_answer_that_is_mixed_with_other_output_is_refused(monkeypatch, tmp_path):
    in_place_of_python(monkeypatch, tmp_path, "echo warning")

    with pytest.raises(UnreadableCalendar, match="cannot be read"):
        read_apart(file(f"{SHIFT}SUMMARY:cem-1"), **WANTED)


def test_what_a_library_prints_does_not_harm_the_answer(monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(PRINTING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    found = read_apart(file(f"{SHIFT}SUMMARY:cem-1"), **WANTED)

    assert [period.person for period in found.periods] == [CEM]


PRINTING = """
import icalendar

class Printing(icalendar.Calendar):
    @classmethod
    def from_ical(cls, *args, **kwargs):
        print("a warning")
        return icalendar.Calendar.original(*args, **kwargs)

icalendar.Calendar.original = icalendar.Calendar.from_ical
icalendar.Calendar.from_ical = Printing.from_ical
"""


@pytest.mark.parametrize(
    "bad",
    [
        "DTSTART:20261123T080000Z\nDTEND:99991231T235959Z",
        "DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:99991231",
        "DTSTART;TZID=America/New_York:20261123T080000\nDTEND;TZID=America/New_York:99991231T235959",
        "DTSTART:20261123T080000Z\nDURATION:P9999999D",
        "DTSTART:nonsense",
        "COMMENT:without a start",
    ],
)
def test_an_event_that_cannot_be_read_is_named_and_does_not_lose_the_others(bad):
    others = [f"{SHIFT}SUMMARY:{name}" for name in ("Ben Ito", "cem-1", "ana-mueller")]

    found = reading(others[0], f"{bad}\nSUMMARY:Always", *others[1:])

    assert {period.person for period in found.periods} == {ANA, BEN, CEM}
    assert found.unknown == ("The event “Always” cannot be read",)


def test_a_calendar_of_events_that_cannot_be_read_is_refused():
    bad = "DTSTART:20261123T080000Z\nDTEND:99991231T235959Z"

    for events in ((bad,), (bad, bad, bad)):
        with pytest.raises(UnreadableCalendar, match="The calendar cannot be read"):
            reading(*events)
