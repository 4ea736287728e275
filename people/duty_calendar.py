"""Duties from an iCalendar file (RFC 5545). read() has no side effects; read_apart() runs it in a process.

icalendar parses the file, and recurring_ical_events expands its rules. Both take what a stranger wrote, so
the number of events and the steps of their rules are counted first. That does not bound every rule: one that
never gives a day, such as 30 February, is followed to the year 9999. So read_apart() reads in a process of
its own, with a limit of its time and of its memory.
"""

import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from kit.texts import one_line

MOST_EVENTS, MOST_STEPS, MOST_PERIODS, MOST_UNKNOWN = 3_000, 200_000, 1_000, 50
# How long one step of a rule is at least, in days. Shorter ones are no duties.
_FREQUENCIES = {"HOURLY": 1 / 24, "DAILY": 1, "WEEKLY": 7, "MONTHLY": 28, "YEARLY": 365}
# Of the process that reads a calendar: its own time, the time by the clock, and its memory in bytes.
MOST_SECONDS, MOST_WAITING, MOST_MEMORY = 5, 10, 512 * 1024 * 1024
_UNREADABLE = "The calendar cannot be read."
_TOO_LARGE = (
    "Reading the calendar takes too much memory. Look for very long events and for rules with long lists."
)
_TOO_LONG = (
    "Reading the calendar takes too long. Look for rules that never give a day, such as 30 February, and for"
    " events that repeat too often."
)
_ROOT = Path(__file__).resolve().parent.parent
_ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"]+@[^\s<>,;:()\[\]\"]+")
_NOT_COUNTED = {"RESOURCE", "ROOM"}


class UnreadableCalendar(Exception):
    """The file is no calendar that can be read. Its text is the reason, as a sentence."""


@dataclass(frozen=True, slots=True)
class DutyPerson:
    """A person whom a calendar may name. may_serve: they have the function, and they may act."""

    pk: int
    name: str
    email: str
    handle: str
    may_serve: bool


@dataclass(frozen=True, slots=True)
class Period:
    """A time on duty of one person, by id. starts_at, ends_at: in UTC."""

    starts_at: datetime
    ends_at: datetime
    person: int


@dataclass(frozen=True, slots=True)
class FoundDuties:
    """The duties of a calendar, in order.

    unknown: who is named there and cannot be on duty, and why; and the events that cannot be read.
    """

    periods: tuple[Period, ...]
    unknown: tuple[str, ...]


def read(
    data: bytes, *, since: datetime, until: datetime, zone: ZoneInfo, people: Iterable[DutyPerson]
) -> FoundDuties:
    """Return the duties from `since` until `until`. Raises UnreadableCalendar.

    zone: of events of whole days, and of times without a zone. An event names the people on duty by the
    addresses of its attendees. If none of them is known, the name, address or handle in its title counts,
    else the address of its organizer.
    """
    directory = _Directory(people)
    periods: list[Period] = []
    unknown: dict[str, None] = {}
    occurrences, unreadable = _occurrences(data, since, until)
    unknown |= dict.fromkeys(unreadable)
    for event in occurrences:
        found, problems = directory.named_in(event)
        unknown |= dict.fromkeys(problems)
        starts_at, ends_at = _moment(event["DTSTART"].dt, zone), _moment(event["DTEND"].dt, zone)
        if starts_at < ends_at:
            periods += [Period(starts_at, ends_at, person) for person in found]
    if len(periods) > MOST_PERIODS:
        raise UnreadableCalendar(f"The calendar has more than {MOST_PERIODS} duties in the next weeks.")
    periods = list(dict.fromkeys(periods))
    periods.sort(key=lambda period: period.starts_at)
    return FoundDuties(tuple(periods), tuple(unknown)[:MOST_UNKNOWN])


def read_apart(data: bytes, **wanted: Any) -> FoundDuties:
    """Return what read() returns, from a process with limits. Raises UnreadableCalendar.

    The process ends after MOST_SECONDS of its own time, after MOST_WAITING by the clock, and beyond
    MOST_MEMORY.
    """
    command = [sys.executable, "-c", "from people import duty_calendar; duty_calendar.main_of_child()"]
    try:
        done = subprocess.run(
            command,
            input=pickle.dumps((data, wanted, MOST_SECONDS, MOST_MEMORY)),
            capture_output=True,
            check=False,  # its status says why it ended
            cwd=_ROOT,
            timeout=MOST_WAITING,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableCalendar(_TOO_LONG) from error
    if done.returncode:
        raise UnreadableCalendar(_why_ended(done.returncode))
    try:
        found: FoundDuties | str = pickle.loads(done.stdout)  # noqa: S301 - written by main_of_child()
    except Exception as error:  # something else wrote there, and pickle can fail in any way
        raise UnreadableCalendar(_UNREADABLE) from error
    if isinstance(found, str):
        raise UnreadableCalendar(found)
    return found


def _why_ended(status: int) -> str:
    """Return why the process gave no duties. status: negative for the number of a signal."""
    if status == -signal.SIGXCPU:
        return _TOO_LONG
    if status < 0:
        return (
            f"Reading the calendar was stopped by signal {-status}. Perhaps the memory of the server is full."
        )
    return _UNREADABLE


def main_of_child() -> None:
    """Read the calendar in the standard input, and write its duties, or why it cannot be read, as a pickle.

    Whatever a library prints goes to the standard error, so that it does not mix with the answer.
    """
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    data, wanted, seconds, memory = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by read_apart()
    # SIGXCPU at the first limit says why it ended. SIGKILL at the second does not.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    found: FoundDuties | str
    try:
        found = read(data, **wanted)
    except UnreadableCalendar as error:
        found = str(error)
    except MemoryError:
        found = _TOO_LARGE
    with os.fdopen(answer, "wb") as output:
        output.write(pickle.dumps(found))


def _occurrences(data: bytes, since: datetime, until: datetime) -> tuple[list[Any], list[str]]:
    """Return the events of the file that overlap this time, one for each repetition, in order.

    Also returns a sentence for each event that cannot be read. A file without a readable one is unreadable.
    """
    text = data.decode("utf-8", "replace").lstrip("\ufeff")
    if "BEGIN:VCALENDAR" not in text[:1000].upper():
        raise UnreadableCalendar("The answer is no iCalendar file: it does not begin with BEGIN:VCALENDAR.")
    try:
        calendar = Calendar.from_ical(text)
        _check_size(calendar, until)
        found, unreadable = _expanded(calendar, calendar.walk("VEVENT"), since, until)
        kept = [event for event in found if str(event.get("STATUS", "")).upper() != "CANCELLED"]
        return sorted(kept, key=lambda event: str(event.get("UID", ""))), unreadable
    except (UnreadableCalendar, MemoryError):
        raise
    except Exception as error:  # the file can break the libraries in any way; the last good plan stays
        reason = _stored(str(error) or type(error).__name__)[:120].strip(" .")
        raise UnreadableCalendar(f"The calendar cannot be read: {reason}.") from error


def _expanded(
    calendar: Calendar, events: Sequence[Any], since: datetime, until: datetime, *, is_whole: bool = True
) -> tuple[list[Any], list[str]]:
    """Return the repetitions of these events of a calendar, and a sentence for each that cannot be read.

    Events that fail together are halved until the one that fails is alone, so that it does not lose the
    others. Events of one UID stay together: they change each other. Raises what the library does if no event
    can be read.
    """
    part = Calendar()
    others = [one for one in calendar.subcomponents if one.name != "VEVENT"]
    part.subcomponents = [*others, *events]
    try:
        return recurring_ical_events.of(part).between(since, until), []
    except MemoryError:
        raise
    except Exception:
        uids = list(dict.fromkeys(str(event.get("UID", "")) for event in events))
        if len(uids) < 2:
            if is_whole:
                raise
            title = _stored(str(events[0].get("SUMMARY", "")))[:100]
            return [], [f"The event “{title}” cannot be read" if title else "An event cannot be read"]
    found, unreadable = [], []
    for half in (set(uids[: len(uids) // 2]), set(uids[len(uids) // 2 :])):
        some = [event for event in events if str(event.get("UID", "")) in half]
        periods, problems = _expanded(calendar, some, since, until, is_whole=False)
        found += periods
        unreadable += problems
    if is_whole and len(unreadable) == len(uids):
        raise ValueError("none of its events can be read")
    return found, unreadable


def _check_size(calendar: Calendar, until: datetime) -> None:
    events = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        raise UnreadableCalendar(f"The calendar has more than {MOST_EVENTS:,} events.")
    if sum(_steps_of_readable(event, until) for event in events) > MOST_STEPS:
        raise UnreadableCalendar(
            "The rules of the calendar repeat too often since their first day. Let them begin later."
        )


def _steps_of_readable(event: Any, until: datetime) -> float:
    """Return the steps of an event, 0 for one that cannot be read: _expanded() leaves it out."""
    try:
        return _steps(event, until)
    except (UnreadableCalendar, MemoryError):
        raise
    except Exception:
        return 0


def _steps(event: Any, until: datetime) -> float:
    """Return how many steps the expansion of the rules of an event takes at most."""
    rules = event.get("RRULE", [])
    starts_on = event["DTSTART"].dt if "DTSTART" in event else until
    days = max((until.date() - _day(starts_on)).days, 1)
    steps = 0.0
    for rule in rules if isinstance(rules, list) else [rules]:
        frequency = str(next(iter(rule.get("FREQ", [])), "")).upper()
        if frequency not in _FREQUENCIES:
            raise UnreadableCalendar(f"The calendar has a rule with the frequency “{frequency[:20]}”.")
        times = 1
        for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            times *= max(len(rule.get(part, [])), 1)
        steps += days / _FREQUENCIES[frequency] * times
    return steps


def _stored(text: str) -> str:
    """Return a text of the file as one line that the database takes."""
    return one_line(text.replace("\x00", ""))


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _moment(value: date, zone: ZoneInfo) -> datetime:
    """Return a date or a time of a calendar in UTC. A whole day begins at midnight."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


class _Directory:
    """Finds people by what an event says."""

    def __init__(self, people: Iterable[DutyPerson]) -> None:
        everyone = list(people)
        self._by_address = {person.email.lower(): person for person in everyone}
        names = Counter(_plain(person.name) for person in everyone)
        by_words: dict[str, DutyPerson | None] = {_plain(person.handle): person for person in everyone}
        for person in everyone:
            name = _plain(person.name)
            by_words[name] = person if names[name] == 1 else None  # a name of several people names nobody
        longest_first = sorted(by_words.items(), key=lambda pair: -len(pair[0]))
        self._by_words = [
            (re.compile(rf"(?<!\w){re.escape(words)}(?!\w)"), person)
            for words, person in longest_first
            if words
        ]

    def named_in(self, event: Any) -> tuple[list[int], list[str]]:
        """Return the ids of the people on duty, and who is named but cannot be on duty."""
        addresses = list(_attendees(event))
        title = " ".join(str(event.get("SUMMARY", "")).split())
        by_address = [self._by_address[one] for one in addresses if one in self._by_address]
        in_title = [] if by_address else self._in_title(title)
        people = by_address or [person for person in in_title if person is not None]
        unknown = [one for one in addresses if one not in self._by_address]
        organizer = _address_of(event.get("ORGANIZER"))
        if not people and organizer in self._by_address:
            people = [self._by_address[organizer]]
        if not people and not unknown:
            unknown = [_why_unknown(title, is_shared=None in in_title)]
        unfit = [
            f"{one.name} does not have this function, or may not act" for one in people if not one.may_serve
        ]
        problems = [_stored(one)[:200] for one in unknown + unfit]
        return [one.pk for one in people if one.may_serve], problems

    def _in_title(self, title: str) -> list[DutyPerson | None]:
        """Return the people whom a title names, in its order; None for a name of several people."""
        addresses = [one.lower().strip(".") for one in _ADDRESS.findall(title)]
        found = [self._by_address[one] for one in addresses if one in self._by_address]
        if found:
            return [*found]
        text, places = _plain(title), []
        for pattern, person in self._by_words:
            if match := pattern.search(text):
                places.append((match.start(), person))
                text = text[: match.start()] + "\0" * len(match[0]) + text[match.end() :]
        places.sort(key=lambda place: place[0])
        return list(dict.fromkeys(person for _, person in places))


def _why_unknown(title: str, *, is_shared: bool) -> str:
    if is_shared:
        return f"“{title[:100]}” names several people. Use an address or a handle"
    return f"“{title[:100]}” names nobody" if title else "An event without a title names nobody"


def _attendees(event: Any) -> Iterator[str]:
    """Yield the addresses of the attendees, without rooms and without who declined."""
    found = event.get("ATTENDEE", [])
    for attendee in found if isinstance(found, list) else [found]:
        facts = getattr(attendee, "params", {})
        if str(facts.get("PARTSTAT", "")).upper() == "DECLINED":
            continue
        if str(facts.get("CUTYPE", "")).upper() in _NOT_COUNTED:
            continue
        if address := _address_of(attendee):
            yield address


def _address_of(value: Any) -> str:
    text = str(value or "").strip()
    return text.lower().removeprefix("mailto:") if "@" in text else ""


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class CalendarPlan:
    """Duties from a calendar, as people.roster uses them. periods: in order."""

    periods: Sequence[Period]
    zone: ZoneInfo

    def planned_at(self, at: datetime) -> tuple[Sequence[int], int] | None:
        """Return the people on duty, who has begun first before the others, and 0; None for nobody."""
        people = [period.person for period in self.periods if period.starts_at <= at < period.ends_at]
        return (tuple(dict.fromkeys(people)), 0) if people else None

    def changes(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the moments at which duties begin or end."""
        for period in self.periods:
            yield from (moment for moment in (period.starts_at, period.ends_at) if since < moment < until)
