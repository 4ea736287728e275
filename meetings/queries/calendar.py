"""Read meetings as entries of calendars: feeds, and invitations by mail."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from history.declarations import CalendarPart
from history.models import Event
from kit.kinds import url_of
from kit.sight import Visitor
from kit.texts import many_lines, one_line
from learnings.queries import session as sessions
from meetings import cadence
from meetings.filters import is_of_participant
from meetings.models import CalendarFeed, Meeting, MeetingSeries
from meetings.states import AHEAD, MeetingState
from people import icalendars
from people.icalendars import CalendarEntry
from people.models import User
from people.queries import duty
from people.queries.calendar_part import host, part
from people.queries.duty import OwnDuty
from people.queries.sight import with_readers

# A feed has the meetings of the past year, so that a subscribed calendar keeps them.
PAST = timedelta(days=366)
# A person whose calendar program read a feed this lately gets no invitations by mail.
READ_LATELY = timedelta(days=14)
# The events that change what a calendar shows.
_CHANGES = (
    "meetings.meeting_planned",
    "meetings.meeting_added",
    "meetings.meeting_moved",
    "meetings.meeting_changed",
    "meetings.meeting_cancelled",
    "meetings.meeting_reinstated",
    "meetings.meeting_replanned",
    "meetings.turn_taken_over",
)


def feeds_of(user: User) -> QuerySet[CalendarFeed]:
    """Return the live feeds of a person, that of all meetings first."""
    rows = CalendarFeed.objects.filter(user=user, ended_at__isnull=True)
    return rows.select_related("series", "user__subject").order_by("series_id", "pk")


def feed_with(secret_hash: bytes) -> CalendarFeed | None:
    """Return the live feed with this hash, of an active person; None without one. See reader_of()."""
    live = CalendarFeed.objects.filter(ended_at__isnull=True, user__is_active=True)
    return with_readers(live.select_related("series__subject")).filter(secret_hash=secret_hash).first()


def feed(reader: Visitor, series: MeetingSeries | None, *, at: datetime) -> bytes:
    """Return the calendar of a series, or of the reader: their series, learning sessions and times on duty.

    It has what the reader may see now: meetings since a year ago and all planned ones, and upcoming duties. A
    constant number of queries.
    """
    rows = _meetings(reader).filter(starts_at__gte=at - PAST)
    others: list[CalendarEntry] = []
    if series is None:
        rows = rows.filter(is_of_participant(reader.pk))
        name = "Riskhub meetings"
        others = [_duty_entry(one) for one in duty.duties_of(reader, at=at)]
        others += sessions.entries(reader, since=at - PAST)
    else:
        rows, name = rows.filter(series=series), series.name
    return icalendars.feed([*(_entry(meeting) for meeting in rows), *others], name=one_line(name))


def reads_own_feed(reader: User, at: datetime) -> bool:
    """Return True if a calendar program of this person reads the feed of all their dates."""
    rows = CalendarFeed.objects.filter(user=reader, series__isnull=True, ended_at__isnull=True)
    return rows.filter(last_read_at__gte=at - READ_LATELY).exists()


def is_subscribed(reader: User, series: MeetingSeries, at: datetime) -> bool:
    """Return True if a calendar program of this person reads the meetings of the series from a feed."""
    lately = CalendarFeed.objects.filter(
        user=reader, ended_at__isnull=True, last_read_at__gte=at - READ_LATELY
    )
    return lately.filter(Q(series__isnull=True) | Q(series=series)).exists()


def _meetings(reader: Visitor) -> QuerySet[Meeting]:
    changes = Event.objects.filter(subject=OuterRef("subject"), verb__in=_CHANGES).order_by("-at", "-id")
    return (
        Meeting.objects.visible_to(reader)
        .filter(series__is_draft=False)
        .select_related("subject", "series", "focus", "facilitator", "stand_in", "observer")
        .annotate(changed_at=Coalesce(Subquery(changes.values("at")[:1]), "starts_at"))
        .order_by("starts_at", "id")
    )


def _entry(meeting: Meeting) -> CalendarEntry:
    """Return the entry of a meeting in a feed. meeting: annotated with changed_at."""
    return CalendarEntry(
        uid=_meeting_uid(meeting),
        sequence=meeting.version,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        zone=meeting.series.zone,
        title=_title(meeting),
        stamp=meeting.changed_at,  # type: ignore[attr-defined]  # annotated
        text=_text(meeting),
        place=one_line(meeting.series.place),
        url=settings.BASE_URL + url_of(meeting.subject),
        is_cancelled=meeting.state == MeetingState.CANCELLED,
    )


def _duty_entry(own: OwnDuty) -> CalendarEntry:
    """Return the entry of a time on duty. It does not make the person busy."""
    function, lines = own.roster.function, []
    url = settings.BASE_URL + reverse("people:function_detail", args=[function.pk])
    if own.instead_of:
        lines.append(f"Instead of {own.instead_of.name}")
    lines.append(f"Roster: {url}")
    return CalendarEntry(
        uid=f"duty-{own.key}@{host()}",
        sequence=own.changed[0],
        starts_at=own.starts_at,
        ends_at=own.ends_at,
        zone=own.zone,
        title=one_line(f"On duty: {function.name}"),
        stamp=own.changed[1],
        text=many_lines("\n".join(lines)),
        url=url,
        is_all_day=True,
        is_busy=False,
    )


def _title(meeting: Meeting) -> str:
    focus = f": {meeting.focus.name}" if meeting.focus else ""
    return one_line(f"{meeting.series.name}{focus}")


def _text(meeting: Meeting) -> str:
    lines = []
    if meeting.facilitator:
        stand_in = f", stand-in {meeting.stand_in.name}" if meeting.stand_in else ""
        lines.append(f"Facilitator: {meeting.facilitator.name}{stand_in}")
    if meeting.observer:
        lines.append(f"Observer: {meeting.observer.name}")
    if meeting.objective:
        lines.append(f"Objective: {meeting.objective}")
    lines.append(f"Agenda: {settings.BASE_URL}{url_of(meeting.subject)}")
    return many_lines("\n".join(lines))


# ------------------------------------------------------------------ invitations by mail


def series_invitation(series: MeetingSeries, event: Event, reader: User) -> CalendarPart | None:
    """Return one recurring entry for all upcoming meetings of a series, as its rule and plan are now.

    Cancelled meetings are left out, moved ones have their own entry. None if the reader subscribes to a feed,
    or if there is no upcoming meeting.
    """
    if is_subscribed(reader, series, event.at):
        return None
    found = cadence.for_calendars(
        series.rrule,
        zone=series.zone,
        first_on=series.first_on,
        starts_at=series.starts_at,
        since=event.at,
    )
    if found is None:
        return None
    wall, rule = found
    start = cadence.moment(wall, series.zone)
    planned = list(
        Meeting.objects.filter(series=series, occurrence__in=_keys(series, event.at), is_extra=False)
        .select_related("series", "subject", "focus", "facilitator", "stand_in", "observer")
        .order_by("occurrence")
    )
    off = [_wall(meeting) for meeting in planned if meeting.state == MeetingState.CANCELLED]
    whole = CalendarEntry(
        uid=_series_uid(series),
        sequence=event.pk,
        starts_at=start,
        ends_at=start + timedelta(minutes=series.length_minutes),
        zone=series.zone,
        title=one_line(series.name),
        stamp=event.at,
        text=_series_text(series),
        place=one_line(series.place),
        url=settings.BASE_URL + url_of(series.subject),
        rule=rule,
        wall=wall,
        without=off,
    )
    moved = [meeting for meeting in planned if meeting.state != MeetingState.CANCELLED and _is_moved(meeting)]
    return part([whole, *(_occurrence(meeting, event) for meeting in moved)], reader, what="meetings")


def series_withdrawal(series: MeetingSeries, event: Event, reader: User) -> CalendarPart | None:
    """Return the cancellation of the recurring entry of a series."""
    if is_subscribed(reader, series, event.at):
        return None
    entry = CalendarEntry(
        uid=_series_uid(series),
        sequence=event.pk,
        starts_at=event.at,
        ends_at=event.at + timedelta(minutes=series.length_minutes),
        zone=series.zone,
        title=one_line(series.name),
        stamp=event.at,
    )
    return part([entry], reader, what="meetings", is_cancellation=True)


def meeting_change(meeting: Meeting, event: Event, reader: User) -> CalendarPart | None:
    """Return the changed occurrence of a recurring entry.

    A meeting that was added has an entry of its own, and so has a meeting for its observer, who has no
    recurring entry.
    """
    if is_subscribed(reader, meeting.series, event.at):
        return None
    is_cancelled = meeting.state == MeetingState.CANCELLED
    is_own = meeting.is_extra or meeting.observer_id == reader.pk
    entry = _occurrence(meeting, event, is_own=is_own)
    return part([entry], reader, what="meetings", is_cancellation=is_cancelled)


def observation_withdrawal(meeting: Meeting, event: Event, reader: User) -> CalendarPart | None:
    """Return the cancellation of the entry of a meeting for a person who does not observe it any more."""
    if is_subscribed(reader, meeting.series, event.at):
        return None
    entry = _occurrence(meeting, event, is_own=True)
    return part([entry], reader, what="meetings", is_cancellation=True)


def _occurrence(meeting: Meeting, event: Event, *, is_own: bool = False) -> CalendarEntry:
    """Return the entry of a meeting in a mail. is_own: it is not an occurrence of a recurring entry."""
    return CalendarEntry(
        uid=_meeting_uid(meeting) if is_own else _series_uid(meeting.series),
        sequence=event.pk,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        zone=meeting.series.zone,
        title=_title(meeting),
        stamp=event.at,
        text=_text(meeting),
        place=one_line(meeting.series.place),
        url=settings.BASE_URL + url_of(meeting.subject),
        replaces=None if is_own else _wall(meeting),
    )


def _keys(series: MeetingSeries, since: datetime) -> list[str]:
    walls = cadence.occurrences(
        series.rrule,
        zone=series.zone,
        first_on=series.first_on,
        starts_at=series.starts_at,
        since=since,
        until=since + AHEAD,
    )
    return [cadence.key(wall) for wall in walls]


def _is_moved(meeting: Meeting) -> bool:
    planned = timedelta(minutes=meeting.series.length_minutes)
    is_elsewhere = meeting.starts_at != cadence.moment(_wall(meeting), meeting.series.zone)
    return is_elsewhere or meeting.ends_at - meeting.starts_at != planned


def _wall(meeting: Meeting) -> datetime:
    return datetime.fromisoformat(meeting.occurrence)


def _series_text(series: MeetingSeries) -> str:
    address = settings.BASE_URL + url_of(series.subject)
    return many_lines("\n".join(part for part in (series.purpose, f"Plan and agendas: {address}") if part))


def _series_uid(series: MeetingSeries) -> str:
    return f"series-{series.pk}@{host()}"


def _meeting_uid(meeting: Meeting) -> str:
    return f"meeting-{meeting.pk}@{host()}"
