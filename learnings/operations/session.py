"""Plan a learning session, change it, cancel it, take it up again, and draft its learning."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from history import operations as history
from history.models import Subject
from history.operations import Placement
from kit import zones
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from learnings import events
from learnings.models import Learning, LearningSession, SignUp
from learnings.operations import learning as learnings
from learnings.operations import sign_up
from learnings.states import LearningState, SessionState
from people.models import Team, User

CHANGEABLE = frozenset(
    {"title", "text", "speaker", "guest", "starts_at", "minutes", "time_zone", "place", "seats", "links"}
)
# What calendars show. A change of one of these is told to everybody who signed up.
_SHOWN = frozenset({"title", "speaker", "guest", "starts_at", "minutes", "time_zone", "place"})
LONGEST_AHEAD = timedelta(days=2 * 366)
MIN_MINUTES, MAX_MINUTES = 5, 480
MAX_SEATS, MAX_LINKS = 1000, 20
_is_link = URLValidator(schemes=["http", "https"])


@transaction.atomic
def plan(
    *,
    title: str,
    starts_at: datetime,
    time_zone: str,
    by: Actor,
    at: datetime,
    about: Subject | None = None,
    teams: Sequence[Team] | None = None,
    **details: Any,
) -> LearningSession:
    """Plan a session. details: further fields of CHANGEABLE.

    teams: who may see it and sign up, None for everyone. Without teams, a session about something restricted
    is seen by those who may see that. Raises Refused(field=…).
    """
    values = {"minutes": 45, **details, "title": title, "starts_at": starts_at, "time_zone": time_zone}
    _check_start(starts_at, at)
    if teams is not None and not teams:
        raise Refused("Choose at least one team, or let everyone see it.", field="teams")
    viewers = None if teams is None else [team.subject_id for team in teams]
    author = by.person if isinstance(by.person, User) else None
    session = LearningSession(about=about, author=author, planned_at=at, **_checked(values))
    parent = about if viewers is None and about is not None and about.viewers is not None else None
    placed = Placement(parent=parent, viewers=viewers, grants=history.author(by))
    history.record(session, "learnings.session_planned", by=by, at=at, placed=placed)
    _check_speaker(session)
    return session


@transaction.atomic
def change(
    session: LearningSession,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> LearningSession:
    """Change fields of CHANGEABLE. Everybody who comes, and a former speaker, is told if calendars show it.

    More seats go to those who wait, until the session is over. Fewer seats take none away. Raises Refused,
    IllegalMove, ChangedMeanwhile.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if session.state == SessionState.CANCELLED:
        raise IllegalMove("This session is cancelled. Take it up again first.", field="state")
    whole = {name: getattr(session, name) for name in CHANGEABLE} | dict(values)
    cleaned = {name: value for name, value in _checked(whole).items() if name in values}
    changed = {name for name, value in cleaned.items() if getattr(session, name) != value}
    if "starts_at" in changed:
        _check_start(cleaned["starts_at"], at)
    verb = "learnings.session_moved" if changed & _SHOWN else "learnings.session_changed"
    history.change(session, cleaned, by=by, at=at, seen=seen, verb=verb)
    if "speaker" in changed:
        _check_speaker(session)
    if "title" in changed:
        history.retitle(session)
    if "seats" in changed and session.state == SessionState.PLANNED and session.ends_at > at:
        sign_up.fill_seats(session, by=by, at=at)
    return session


@transaction.atomic
def cancel(
    session: LearningSession, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> LearningSession:
    """Cancel a planned session. Who signed up stays signed up, in case it is taken up again."""
    if not reason.strip():
        raise Refused("Say why, in a line.", field="reason")
    payload = events.SessionCancelled(reason=reason.strip())
    history.move(session, SessionState.CANCELLED, by=by, at=at, seen=seen, payload=payload)
    return session


@transaction.atomic
def reinstate(
    session: LearningSession, *, by: Actor, at: datetime, seen: int | None = None
) -> LearningSession:
    """Take up a cancelled session again. Seats that became free meanwhile go to those who wait.

    Raises Refused if its start has passed.
    """
    if session.starts_at <= at:
        raise Refused("Its start has passed. Plan a new session.", field="state")
    history.move(session, SessionState.PLANNED, by=by, at=at, seen=seen)
    sign_up.fill_seats(session, by=by, at=at)
    return session


@transaction.atomic
def follow_up(session: LearningSession, *, by: Actor, at: datetime) -> Learning:
    """Draft a learning from a session, or return the one that was. The actor is its author."""
    locked = LearningSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    if locked.starts_at > at:
        raise Refused("The session has not begun. Draft its learning afterwards.", field="state")
    person = by.person if isinstance(by.person, User) else None
    made = Learning.objects.filter(about=locked.subject_id).exclude(state=LearningState.DISCARDED)
    if person and (known := made.visible_to(person).select_related("subject").order_by("pk").first()):
        return known
    return learnings.write(
        title=locked.title, seen=_seen(session), about=session.subject, author=person, by=by, at=at
    )


def _seen(session: LearningSession) -> str:
    """Return what is known of a session, as the first text of its learning."""
    there = SignUp.objects.filter(session=session, has_attended=True).count()
    day = session.starts_at.astimezone(session.zone)
    by = f" by {session.speaker_name}" if session.speaker_name else ""
    held = f"Session{by} on {day:%-d %b %Y}"
    lines = [
        f"{held}, {there} people." if there else f"{held}.",
        session.text.strip(),
        "\n".join(f"- {link}" for link in session.links),
    ]
    return "\n\n".join(line for line in lines if line)


def _check_start(starts_at: datetime, at: datetime) -> None:
    if starts_at <= at:
        raise Refused("This is in the past. Choose a later start.", field="starts_at")
    if starts_at - at > LONGEST_AHEAD:
        raise Refused("Choose a start within two years of today.", field="starts_at")


def _check_speaker(session: LearningSession) -> None:
    """Raise Refused for a speaker who left, or who does not see the session."""
    speaker = session.speaker
    if speaker is None:
        return
    if not speaker.is_active:
        raise Refused(f"{speaker.name} has left. Choose another speaker.", field="speaker")
    if not session.subject.is_visible_to(speaker):
        raise Refused(f"{speaker.name} may not see this session. Choose somebody who may.", field="speaker")


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored. Raises Refused(field=…)."""
    cleaned: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in values.items()
    }
    if not cleaned["title"]:
        raise Refused("Enter the topic.", field="title")
    if cleaned.get("speaker") and cleaned.get("guest"):
        raise Refused("Choose a person or enter a guest, not both.", field="guest")
    if not MIN_MINUTES <= cleaned["minutes"] <= MAX_MINUTES:
        raise Refused(f"Use {MIN_MINUTES} to {MAX_MINUTES} minutes.", field="minutes")
    if cleaned.get("seats") is not None and not 1 <= cleaned["seats"] <= MAX_SEATS:
        raise Refused(f"Use 1 to {MAX_SEATS} seats, or none for no limit.", field="seats")
    if cleaned["time_zone"] not in zones.names():
        raise Refused("Use the name of a time zone, such as Europe/Berlin.", field="time_zone")
    cleaned["links"] = _links(cleaned.get("links") or [])
    return cleaned


def _links(texts: Sequence[str]) -> list[str]:
    links = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(links) > MAX_LINKS:
        raise Refused(f"Use at most {MAX_LINKS} links.", field="links")
    for link in links:
        try:
            _is_link(link)
        except ValidationError:
            raise Refused("Enter addresses that begin with https:// or http://.", field="links") from None
    return links
