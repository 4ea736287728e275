"""The context of mails about learning sessions, and the checks whether a mail is still relevant.

A check returns the reason why the mail is obsolete, or "" if it is still relevant. It locks the session.
"""

from datetime import datetime
from typing import Any

from history.models import Event
from history.queries import later_than, present_data
from learnings.models import LearningSession, SignUp
from learnings.queries import session as queries
from learnings.states import SessionState, SignUpState
from people.models import User

_TIMES = ("learnings.session_moved", "learnings.session_cancelled", "learnings.session_reinstated")


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the session, its former start if it moved, and the calendar entry of those who come.

    Who waits for a seat gets the news without an entry, and a former speaker gets its cancellation.
    """
    session = LearningSession.objects.select_related("subject", "speaker").get(subject_id=event.subject_id)
    facts = _facts(event, session)
    if _comes(session, reader):
        return {**facts, "calendar": queries.invitation(session, event, reader)}
    if queries.former_speaker_of(event) == reader.pk:
        calendar = queries.withdrawal(session, event, reader)
        return {**facts, "calendar": calendar, "speaks_no_more": True}
    return {**facts, "calendar": None}


def invitation(event: Event, reader: User) -> dict[str, Any]:
    """Return the session with an invitation."""
    session = LearningSession.objects.select_related("subject", "speaker").get(subject_id=event.subject_id)
    return {**_facts(event, session), "calendar": queries.invitation(session, event, reader)}


def withdrawal(event: Event, reader: User) -> dict[str, Any]:
    """Return the session with the cancellation of an invitation."""
    session = LearningSession.objects.select_related("subject", "speaker").get(subject_id=event.subject_id)
    return {**_facts(event, session), "calendar": queries.withdrawal(session, event, reader)}


def _facts(event: Event, session: LearningSession) -> dict[str, Any]:
    before = [
        row["changes"]["starts_at"][0]
        for row in present_data(event).get("rows", ())
        if row["model"] == "learnings.learningsession" and "starts_at" in row["changes"]
    ]
    return {
        "session": session,
        "former_start": datetime.fromisoformat(before[0]) if any(before) else None,
        "names": (),
    }


def is_about_a_seat(event: Event) -> bool:
    """Return False for the waiting list, which is shown in the inbox only."""
    data = present_data(event)
    return bool(data.get("had_seat", not data.get("is_waiting", False)))


def session_is_current(event: Event, user: User, at: datetime) -> str:
    """Check that the session is ahead, and that no later mail says something else of it."""
    session = _locked(event)
    if session.starts_at <= at:
        return "The session has begun."
    if queries.former_speaker_of(event) == user.pk and not _comes(session, user):
        return ""  # later mails do not reach a former speaker
    later = Event.objects.filter(later_than(event), subject=event.subject_id, verb__in=_TIMES)
    return "The session was changed again." if later.exists() else ""


def has_a_seat(event: Event, user: User, at: datetime) -> str:
    """Check that the session is ahead, and that the person still has a seat."""
    session = _locked(event)
    if session.starts_at <= at or session.state != SessionState.PLANNED:
        return "The session has begun or is cancelled."
    return "" if _has_seat(session, user) else "The person has no seat any more."


def has_no_seat(event: Event, user: User, at: datetime) -> str:
    """Check that the session is ahead, and that the person did not sign up again."""
    session = _locked(event)
    if session.starts_at <= at:
        return "The session has begun."
    return "The person has a seat again." if _has_seat(session, user) else ""


def _comes(session: LearningSession, user: User) -> bool:
    return LearningSession.objects.filter(queries.comes(user.pk), pk=session.pk).exists()


def _has_seat(session: LearningSession, user: User) -> bool:
    return SignUp.objects.filter(session=session, person=user, state=SignUpState.GOING).exists()


def _locked(event: Event) -> LearningSession:
    return LearningSession.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
