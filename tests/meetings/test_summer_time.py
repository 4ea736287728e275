"""Local times of series and calendars over seven years of changes of the clocks, against independent readers.

The oracle adds days to a date and asks zoneinfo for the offset. Calendars are read back with vobject, which
computes local times from the VTIMEZONE in the file alone.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, product
from zoneinfo import ZoneInfo

import pytest
import vobject
from dateutil.rrule import rrulestr

from meetings import cadence
from people import icalendars
from people.icalendars import CalendarEntry

# Two changes a year, none, half an hour, changes at midnight, by the moon, south of the equator, above 12 h.
ZONES = [
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "Africa/Casablanca",
    "Asia/Tokyo",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Auckland",
]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
STARTS = [time(0, 30), time(2, 30), time(10), time(23, 45)]
FIRST, LAST = date(2024, 1, 1), date(2030, 12, 31)
_numbers = count(1)
SINCE, UNTIL = datetime(2023, 12, 31, tzinfo=UTC), datetime(2031, 1, 2, tzinfo=UTC)


def oracle(zone: ZoneInfo, day: str, starts_at: time) -> Iterator[datetime]:
    """Yield the moments of a weekly meeting: a date, seven days later the next, each in its local offset."""
    on = FIRST + timedelta(days=DAYS.index(day))
    while on <= LAST:
        yield datetime.combine(on, starts_at, zone).astimezone(UTC)
        on += timedelta(days=7)


def entry(zone: ZoneInfo, at: datetime, **fields) -> CalendarEntry:
    values = {"uid": "x", "sequence": 0, "title": "Weekly", "stamp": at, **fields}
    return CalendarEntry(starts_at=at, ends_at=at + timedelta(minutes=45), zone=zone, **values)


def read_back(content: bytes, zone: ZoneInfo) -> list:
    """Return the events that vobject reads. The zone gets a name that no database has."""
    name = f"Somewhere-{next(_numbers)}"
    text = content.decode().replace(f"TZID:{zone.key}", f"TZID:{name}")
    return vobject.readOne(text.replace(f"TZID={zone.key}", f"TZID={name}")).vevent_list


@pytest.mark.parametrize("name", ZONES)
def test_weekly_series_keep_their_local_time(name):
    """12 zones, 28 weekly rules, 366 weeks: more than 120,000 moments."""
    zone = ZoneInfo(name)
    for starts_at in STARTS:
        for day in DAYS:
            walls = cadence.occurrences(
                f"FREQ=WEEKLY;BYDAY={day}",
                zone=zone,
                first_on=FIRST,
                starts_at=starts_at,
                since=SINCE,
                until=UNTIL,
            )
            found = [cadence.moment(wall, zone) for wall in walls if wall.date() <= LAST]

            assert found == list(oracle(zone, day, starts_at))


@pytest.mark.parametrize("name", ZONES)
def test_another_library_reads_the_right_moments_from_a_feed(name):
    zone = ZoneInfo(name)
    moments = list(oracle(zone, "SU", time(10)))

    events = read_back(icalendars.feed([entry(zone, at) for at in moments], name="Weekly"), zone)

    assert [event.dtstart.value.astimezone(UTC) for event in events] == moments
    assert {event.dtend.value - event.dtstart.value for event in events} == {timedelta(minutes=45)}


@pytest.mark.parametrize("name", ZONES)
def test_another_library_reads_the_right_moments_from_an_invitation(name):
    """dateutil expands the rule in the zone that vobject read from the file."""
    zone, checked = ZoneInfo(name), 0
    for day, starts_at in product(DAYS, STARTS[2:]):
        wall, rule = cadence.for_calendars(
            f"FREQ=WEEKLY;BYDAY={day};UNTIL=20301231",
            zone=zone,
            first_on=FIRST,
            starts_at=starts_at,
            since=SINCE,
        )
        whole = entry(zone, cadence.moment(wall, zone), rule=rule, wall=wall)

        (event,) = read_back(
            icalendars.invitation(
                [whole], is_cancellation=False, organizer=("", "a@x.org"), attendee=("", "b@x.org")
            ),
            zone,
        )

        starts = rrulestr(event.rrule.value, dtstart=event.dtstart.value)
        found = [at.astimezone(UTC) for at in starts]
        assert found == list(oracle(zone, day, starts_at))
        checked += len(found)
    assert checked > 5_000  # with 12 zones more than 60,000


def test_the_second_of_two_equal_hours_is_written_as_utc():
    """On 25 October 2026 the clocks of Berlin show 02:30 twice. A meeting was moved to the second one."""
    zone, second = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    (event,) = read_back(icalendars.feed([entry(zone, second)], name="x"), zone)

    assert event.dtstart.value.astimezone(UTC) == second


def test_a_first_start_in_the_skipped_hour_moves_no_later_one():
    """At 02:30 on 28 March 2027 there is no 02:30 in Berlin. The meetings after that are at 02:30."""
    zone = ZoneInfo("Europe/Berlin")
    wall, rule = cadence.for_calendars(
        "FREQ=WEEKLY;COUNT=3",
        zone=zone,
        first_on=date(2027, 3, 28),
        starts_at=time(2, 30),
        since=datetime(2027, 3, 1, tzinfo=UTC),
    )
    whole = entry(zone, cadence.moment(wall, zone), rule=rule, wall=wall)

    content = icalendars.invitation(
        [whole], is_cancellation=False, organizer=("", "a@x.org"), attendee=("", "b@x.org")
    )

    assert b"DTSTART;TZID=Europe/Berlin:20270328T023000" in content
    assert rule == "FREQ=WEEKLY;UNTIL=20270411T003000Z"


@pytest.mark.parametrize(
    ("rule", "first_on", "since", "expected"),
    [
        # Every second week, of which the first day is in the past: the weeks stay the same.
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", date(2026, 11, 4), date(2026, 11, 24), (date(2026, 12, 4), "")),
        # Three of five are over.
        (
            "FREQ=DAILY;COUNT=5",
            date(2026, 11, 23),
            date(2026, 11, 26),
            (date(2026, 11, 26), "20261127T090000Z"),
        ),
        ("FREQ=DAILY;COUNT=2", date(2026, 11, 23), date(2026, 11, 26), None),
        ("FREQ=MONTHLY;BYDAY=-1FR", date(2026, 1, 1), date(2026, 11, 28), (date(2026, 12, 25), "")),
        ("FREQ=DAILY;UNTIL=99991231", date(2026, 1, 1), date(2026, 11, 28), (date(2026, 11, 28), "")),
    ],
)
def test_a_rule_is_written_from_its_next_start_on(rule, first_on, since, expected):
    found = cadence.for_calendars(
        rule,
        zone=ZoneInfo("Europe/Berlin"),
        first_on=first_on,
        starts_at=time(10),
        since=datetime.combine(since, time(0), UTC),
    )

    if expected is None:
        assert found is None
        return
    day, until = expected
    assert found[0] == datetime.combine(day, time(10))
    assert "COUNT" not in found[1]
    assert (f"UNTIL={until}" in found[1]) if until else ("UNTIL" not in found[1])
