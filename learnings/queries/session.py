"""Queries of learning sessions: lists, who comes, and the entries of calendars."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from history.declarations import CalendarPart
from history.digest_parts import DigestPart, Said
from history.models import Event, RecordedQuerySet
from history.queries import present_data, show
from kit.kinds import url_of
from kit.sight import Visitor
from kit.texts import many_lines, one_line
from learnings.models import LearningSession, SignUp
from learnings.states import SessionState, SignUpState
from people.icalendars import CalendarEntry
from people.models import User
from people.queries import calendar_part

MOST_COMING = 8
# The events that change what a calendar shows.
_CHANGES = (
    "learnings.session_planned",
    "learnings.session_moved",
    "learnings.session_cancelled",
    "learnings.session_reinstated",
)


def sessions() -> RecordedQuerySet[LearningSession]:
    """Return all sessions with what a page needs. Callers add `.visible_to(user)`."""
    going = SignUp.objects.filter(session=OuterRef("pk"), state=SignUpState.GOING).order_by()
    number = going.values("session").annotate(number=Count("pk")).values("number")
    rows: Any = LearningSession.objects.select_related("subject", "speaker", "author", "about")
    return rows.annotate(going=Coalesce(Subquery(number), 0))


def set_visibility(user: Visitor, rows: Iterable[LearningSession]) -> Sequence[LearningSession]:
    """Set shown_about of each row, None if the user may not see the subject."""
    return show(user, rows)


def sign_ups(session: LearningSession) -> QuerySet[SignUp]:
    """Return who goes and who waits, in the order of their sign-ups."""
    rows = SignUp.objects.filter(session=session).exclude(state=SignUpState.WITHDRAWN)
    return rows.select_related("person").order_by("signed_up_at", "pk")


def comes(person_id: Any) -> Q:
    """Match the sessions in which a person has a seat or speaks."""
    going = SignUp.objects.filter(person=person_id, state=SignUpState.GOING).values("session")
    return Q(pk__in=going) | Q(speaker=person_id)


def coming_of(person: User, *, since: datetime, until: datetime) -> Sequence[LearningSession]:
    """Return the planned sessions of a period that a person signed up for or speaks at, the next first.

    Each has seat_of_reader: the state of their sign-up, None for a speaker. One query.
    """
    mine = SignUp.objects.filter(session=OuterRef("pk"), person=person).exclude(state=SignUpState.WITHDRAWN)
    rows: Any = LearningSession.objects.visible_to(person).filter(
        starts_at__gte=since, starts_at__lt=until, state=SessionState.PLANNED
    )
    rows = rows.annotate(seat_of_reader=Subquery(mine.values("state")[:1]))
    found = rows.filter(Q(seat_of_reader__isnull=False) | Q(speaker=person)).select_related("subject")
    return list(found.order_by("starts_at", "pk")[:MOST_COMING])


def former_speaker_of(event: Event) -> int | None:
    """Return the id of the speaker whom a change of a session replaced, None if it did not."""
    for row in present_data(event).get("rows", ()):
        if row["model"] == "learnings.learningsession" and "speaker_id" in row["changes"]:
            former: int | None = row["changes"]["speaker_id"][0]
            return former
    return None


def subjects_of_sessions_about(subject_id: Any) -> Any:
    """Return the subject ids of the sessions about a subject, for its timeline."""
    return LearningSession.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


# ------------------------------------------------------------------ calendars


def entries(reader: Visitor, *, since: datetime) -> list[CalendarEntry]:
    """Return the sessions of a person's calendar feed: where they have a seat or speak. One query."""
    changes = Event.objects.filter(subject=OuterRef("subject"), verb__in=_CHANGES).order_by("-at", "-id")
    rows = (
        LearningSession.objects.visible_to(reader)
        .filter(comes(reader.pk), starts_at__gte=since)
        .select_related("subject", "speaker")
        .annotate(changed_at=Coalesce(Subquery(changes.values("at")[:1]), "planned_at"))
        .order_by("starts_at", "pk")
    )
    return [_entry(session, sequence=session.version, stamp=session.changed_at) for session in rows]


def invitation(session: LearningSession, event: Event, reader: User) -> CalendarPart | None:
    """Return the entry as it is now, a cancellation for a cancelled session. None if a feed shows it."""
    return _part(session, event, reader, is_cancellation=session.state == SessionState.CANCELLED)


def withdrawal(session: LearningSession, event: Event, reader: User) -> CalendarPart | None:
    """Return the cancellation of the entry for a person who does not come any more."""
    return _part(session, event, reader, is_cancellation=True)


def _part(
    session: LearningSession, event: Event, reader: User, *, is_cancellation: bool
) -> CalendarPart | None:
    if calendar_part.is_subscribed(reader, event.at):
        return None
    entry = _entry(session, sequence=event.pk, stamp=event.at)
    return calendar_part.part([entry], reader, what="learning sessions", is_cancellation=is_cancellation)


def _entry(session: LearningSession, *, sequence: int, stamp: datetime) -> CalendarEntry:
    url = settings.BASE_URL + url_of(session.subject)
    by = f"Speaker: {session.speaker_name}" if session.speaker_name else ""
    return CalendarEntry(
        uid=f"session-{session.pk}@{calendar_part.host()}",
        sequence=sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=session.zone,
        title=one_line(session.title),
        stamp=stamp,
        text=many_lines("\n".join(line for line in (by, f"Session: {url}") if line)),
        place=one_line(session.place),
        url=url,
        is_cancelled=session.state == SessionState.CANCELLED,
    )


# ------------------------------------------------------------------ the digest


def _planned_between(since: datetime, until: datetime) -> RecordedQuerySet[LearningSession]:
    return LearningSession.objects.filter(
        planned_at__gt=since, planned_at__lte=until, state=SessionState.PLANNED, starts_at__gt=until
    )


def _said(moment: datetime, facts: Any) -> Said:
    day = datetime.fromisoformat(facts["starts_at"]).astimezone(moment.tzinfo)
    by = facts["speaker"] or facts["guest"]
    return Said(f"{day:%a} {day.day} {day:%b, %H:%M}" + (f", by {by}." if by else "."))


IN_DIGEST = DigestPart(
    "sessions",
    "New sessions",
    rows=_planned_between,
    moment="planned_at",
    facts={"starts_at": "starts_at", "speaker": "speaker__name", "guest": "guest"},
    said=_said,
)
