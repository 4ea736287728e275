"""Local times compared with a simple model that goes through the days and takes the moments from zoneinfo."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from meetings import cadence
from tests.conftest import AT

ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
)
TIMES = (time(0), time(1, 30), time(2), time(2, 30), time(3), time(9), time(10), time(16, 45), time(23, 59))
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2030, 12, 31, tzinfo=UTC)


def shown_by(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the first moment with the local time `wall`; in a gap, the moment by the offset before it."""
    candidates = []
    for probe in (wall - timedelta(days=1), wall + timedelta(days=1)):
        offset = probe.replace(tzinfo=zone).utcoffset()
        at = wall.replace(tzinfo=UTC) - offset
        if at.astimezone(zone).replace(tzinfo=None) == wall:
            candidates.append(at)
    before = (wall - timedelta(days=1)).replace(tzinfo=zone).utcoffset()
    return min(candidates) if candidates else wall.replace(tzinfo=UTC) - before


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("weekday", ["MO", "SU"])
def test_weekly_meetings_keep_their_wall_time_for_seven_years(zone_name, weekday):
    zone = ZoneInfo(zone_name)
    first_on = date(2024, 1, 1) if weekday == "MO" else date(2024, 1, 7)

    for starts_at in TIMES:
        found = [
            cadence.moment(wall, zone)
            for wall in cadence.occurrences(
                f"FREQ=WEEKLY;BYDAY={weekday}",
                zone=zone,
                first_on=first_on,
                starts_at=starts_at,
                since=FIRST,
                until=LAST,
            )
        ]
        walls = (datetime.combine(first_on, starts_at) + timedelta(weeks=n) for n in range(370))
        expected = [at for at in (shown_by(zone, wall) for wall in walls) if FIRST <= at <= LAST]
        assert found == expected


def test_a_skipped_hour_is_read_with_the_offset_before_it():
    berlin = ZoneInfo("Europe/Berlin")

    assert cadence.moment(datetime(2026, 3, 29, 2, 30), berlin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert cadence.moment(datetime(2026, 10, 25, 2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_until_is_read_in_the_zone_of_the_series():
    berlin = ZoneInfo("Europe/Berlin")
    about = {
        "zone": berlin,
        "first_on": date(2026, 11, 25),
        "starts_at": time(10),
        "since": FIRST,
        "until": LAST,
    }

    by_day = cadence.occurrences("FREQ=WEEKLY;UNTIL=20261209", **about)
    by_moment = cadence.occurrences("FREQ=WEEKLY;UNTIL=20261209T085959Z", **about)

    assert [wall.day for wall in by_day] == [25, 2, 9]
    assert [wall.day for wall in by_moment] == [25, 2]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "weekly",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYHOUR=3",
        "FREQ=WEEKLY;NOPE=1",
        "FREQ=",
        "FREQ=SECONDLY",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=WEEKLY;INTERVAL=\u00b2",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=99999999999999999999",
        "FREQ=WEEKLY;COUNT=3;UNTIL=20270101",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=MO;BYDAY=TU",
        "FREQ=WEEKLY;BYDAY=99WE",
        "FREQ=WEEKLY;BYDAY=2WE",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=YEARLY;BYEASTER=0",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=WEEKLY;UNTIL=99999999",
        "FREQ=WEEKLY;UNTIL=00010101T000000Z",
        "FREQ=WEEKLY;UNTIL=tomorrow",
        "FREQ=WEEKLY\nFREQ=DAILY",
    ],
)
def test_an_invalid_rule_is_refused_with_the_fix(rule):
    with pytest.raises(cadence.BadRule):
        cadence.parse(rule, zone=ZoneInfo("UTC"), first_on=date(2026, 1, 1), starts_at=time(9))


HOUSE = {"zone": ZoneInfo("Europe/Berlin"), "first_on": date(2026, 11, 25), "starts_at": time(10)}


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=3",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=WEEKLY;UNTIL=20200101",
        "FREQ=WEEKLY;UNTIL=20261122",
    ],
)
def test_a_rule_that_never_meets_is_refused(rule):
    with pytest.raises(cadence.BadRule, match="no upcoming meeting"):
        cadence.check(rule, **HOUSE, at=AT)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO",
        "RRULE:FREQ=YEARLY;BYYEARDAY=-1",
        "FREQ=DAILY;UNTIL=99991231",
        "FREQ=WEEKLY;COUNT=1",
    ],
)
def test_a_rare_rule_that_does_meet_is_taken(rule):
    assert cadence.check(rule, **HOUSE, at=AT) is None


def test_a_rule_without_meetings_is_searched_in_a_limited_number_of_steps():
    """Rules that were stored before the check may have no date: dateutil would search until the year 9999."""
    rule = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    late, _ = cadence._near_the_last_year(cadence.parse(rule, **HOUSE), datetime(2026, 12, 1))

    assert 9999 - late._dtstart.year <= 410
    assert cadence.occurrences(rule, **HOUSE, since=AT, until=AT + timedelta(days=60)) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=WE", "Every week on Wednesday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "Every second week on Monday and Thursday"),
        ("FREQ=WEEKLY", "Every week"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every working day"),
        ("FREQ=MONTHLY;BYDAY=1WE", "First Wednesday of the month"),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR", "Last Friday of the month"),
        ("FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;COUNT=3"),
        ("FREQ=MONTHLY;BYDAY=MO,TU", "FREQ=MONTHLY;BYDAY=MO,TU"),
        ("FREQ=YEARLY;INTERVAL=9", "FREQ=YEARLY;INTERVAL=9"),
    ],
)
def test_a_rule_is_described_in_words(rule, words):
    assert cadence.describe(rule) == words
