"""Write meetings as iCalendar (RFC 5545): feeds to subscribe to, and invitations by mail (RFC 5546). Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vRecur, vUri

from people.vtimezones import vtimezone

MEDIA_TYPE = "text/calendar; charset=utf-8"
_PRODUCT = "-//Riskhub//Meetings//EN"
# Until when the time zone of a recurring entry without an end is written.
_YEARS_AHEAD = 10


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One entry of a calendar.

    is_all_day: it has days instead of times, if it begins and ends at midnight of its zone. is_busy: whether
    the person counts as busy.

    uid: it never changes. sequence: it rises with each change of the time or the state. starts_at, ends_at:
    aware moments, written as local times of `zone`. stamp: the moment of the last change. url: of the agenda.

    rule: a rule without COUNT, for a recurring entry. wall: its first start, as the clocks show it.
    without: starts of the rule that do not take place. replaces: the start by the rule of the one occurrence
    that this entry changes. Starts of a rule are naive wall times.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    title: str
    stamp: datetime
    text: str = ""
    place: str = ""
    url: str = ""
    is_cancelled: bool = False
    is_all_day: bool = False
    is_busy: bool = True
    rule: str = ""
    wall: datetime | None = None
    without: Sequence[datetime] = ()
    replaces: datetime | None = None


def feed(entries: Sequence[CalendarEntry], *, name: str) -> bytes:
    """Return a calendar to subscribe to. name: as calendar programs show it."""
    found = _calendar(entries)
    found.add("NAME", name)
    found.add("X-WR-CALNAME", name)
    found.add("REFRESH-INTERVAL", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    found.add("X-PUBLISHED-TTL", "PT1H")
    for entry in entries:
        found.add_component(_event(entry))
    return found.to_ical()


def invitation(
    entries: Sequence[CalendarEntry],
    *,
    is_cancellation: bool,
    organizer: tuple[str, str],
    attendee: tuple[str, str],
) -> bytes:
    """Return entries of one UID as a request or a cancellation. organizer, attendee: (name, address).

    It asks for no answer: the answer would go to an address that nobody reads.
    """
    found = _calendar(entries)
    found.add("METHOD", "CANCEL" if is_cancellation else "REQUEST")
    for entry in entries:
        event = _event(replace(entry, is_cancelled=is_cancellation or entry.is_cancelled))
        event.add("ORGANIZER", _address(*organizer))
        invited = _address(*attendee)
        invited.params |= {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"}
        event.add("ATTENDEE", invited)
        found.add_component(event)
    return found.to_ical()


def tag_of(content: bytes) -> str:
    """Return the ETag of a calendar."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _calendar(entries: Sequence[CalendarEntry]) -> Calendar:
    found = Calendar()
    found.add("VERSION", "2.0")
    found.add("PRODID", _PRODUCT)
    found.add("CALSCALE", "GREGORIAN")
    years: dict[ZoneInfo, list[int]] = {}
    for entry in entries:
        known = years.setdefault(entry.zone, [])
        known += [entry.starts_at.year, entry.ends_at.year + (_YEARS_AHEAD if entry.rule else 0)]
    for zone, used in sorted(years.items(), key=lambda pair: pair[0].key):
        if zone.key != "UTC":
            found.add_component(vtimezone(zone, min(used), max(used)))
    return found


def _event(entry: CalendarEntry) -> Event:
    found = Event()
    found.add("UID", entry.uid)
    found.add("SEQUENCE", entry.sequence)
    found.add("DTSTAMP", entry.stamp.astimezone(UTC))
    found.add("LAST-MODIFIED", entry.stamp.astimezone(UTC))
    if entry.wall:
        # Not the moment: a first start in the hour that the clocks skip would move all later ones.
        first = entry.wall.replace(tzinfo=entry.zone)
        found.add("DTSTART", first)
        found.add("DTEND", first + (entry.ends_at - entry.starts_at))
    elif entry.is_all_day and (days := _whole_days(entry)):
        found.add("DTSTART", days[0])
        found.add("DTEND", days[1])
    else:
        found.add("DTSTART", _local(entry.starts_at, entry.zone))
        found.add("DTEND", _local(entry.ends_at, entry.zone))
    if entry.replaces:
        found.add("RECURRENCE-ID", entry.replaces.replace(tzinfo=entry.zone))
    if entry.rule:
        found.add("RRULE", vRecur.from_ical(entry.rule))
    if entry.without:
        found.add("EXDATE", [wall.replace(tzinfo=entry.zone) for wall in entry.without])
    found.add("SUMMARY", entry.title)
    found.add("STATUS", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    found.add("TRANSP", "TRANSPARENT" if entry.is_cancelled or not entry.is_busy else "OPAQUE")
    if entry.text:
        found.add("DESCRIPTION", entry.text)
    if entry.place:
        found.add("LOCATION", entry.place)
    if entry.place.startswith(("https://", "http://")) and " " not in entry.place:
        found.add("CONFERENCE", vUri(entry.place), parameters={"VALUE": "URI", "LABEL": "Join the call"})
    if entry.url:
        found.add("URL", entry.url)
    return found


def _whole_days(entry: CalendarEntry) -> tuple[date, date] | None:
    """Return the first day and the day after the last one; None if it does not begin and end at midnight."""
    local = [moment.astimezone(entry.zone) for moment in (entry.starts_at, entry.ends_at)]
    if any(moment.time() != time() for moment in local):
        return None
    return local[0].date(), local[1].date()


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    """Return a moment as local time; as UTC in the hour that the clocks repeat, which has no local name."""
    local = at.astimezone(zone)
    return at.astimezone(UTC) if local.fold else local


def _address(name: str, address: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{address}")
    if name:
        found.params["CN"] = name.replace('"', "'")
    return found
