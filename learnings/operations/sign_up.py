"""Sign up for a learning session, withdraw, give free seats to those who wait, and note who was there.

Each of these locks the session first, so that two people do not get the last seat.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from history import operations as history
from history.models import Event
from history.operations import FurtherRow
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from learnings import events
from learnings.models import LearningSession, SignUp
from learnings.states import SessionState, SignUpState
from people.models import User


@transaction.atomic
def sign_up(session: LearningSession, *, by: Actor, at: datetime) -> SignUp:
    """Sign the person who acts up, or put them on the waiting list if no seat is free.

    Signing up again changes nothing. Raises Refused once the session is over or cancelled.
    """
    person = _person(by)
    locked = lock(session)
    _check_open(locked, person, at)
    row = SignUp.objects.filter(session=locked, person=person).select_related("session").first()
    if row is not None and row.state != SignUpState.WITHDRAWN:
        return row
    state = SignUpState.GOING if _has_free_seat(locked) else SignUpState.WAITING
    payload = events.SignedUp(person=person.pk, is_waiting=state == SignUpState.WAITING)
    if row is None:
        row = SignUp(session=locked, person=person, state=state, signed_up_at=at)
        history.record(row, payload, by=by, at=at)
    else:
        history.move(row, state, by=by, at=at, values={"signed_up_at": at}, payload=payload)
    return row


@transaction.atomic
def withdraw(row: SignUp, *, by: Actor, at: datetime, seen: int | None = None) -> SignUp:
    """Withdraw a sign-up. The seat goes to who waited longest. Raises Refused once the session is over."""
    locked = lock(row.session)
    if locked.ends_at <= at:
        raise Refused("The session is over.", field="state")
    had_seat = row.state == SignUpState.GOING
    payload = events.SignUpWithdrawn(person=row.person_id, had_seat=had_seat)
    history.move(row, SignUpState.WITHDRAWN, by=by, at=at, seen=seen, payload=payload)
    if locked.state == SessionState.PLANNED:
        fill_seats(locked, by=by, at=at)
    return row


@transaction.atomic
def withdraw_own(session: LearningSession, *, by: Actor, at: datetime) -> SignUp:
    """Withdraw the sign-up of the person who acts. Raises Refused if they are not signed up."""
    rows = SignUp.objects.filter(session=session, person=_person(by)).exclude(state=SignUpState.WITHDRAWN)
    row = rows.select_related("session").first()
    if row is None:
        raise Refused("You are not signed up.", field="state")
    return withdraw(row, by=by, at=at)


def fill_seats(session: LearningSession, *, by: Actor, at: datetime) -> None:
    """Give free seats to those who wait, the longest waiting first. The caller has locked the session."""
    locked = lock(session)
    waiting = SignUp.objects.filter(session=locked, state=SignUpState.WAITING, person__is_active=True)
    waiting = waiting.select_related("session").order_by("signed_up_at", "pk")
    if locked.seats is not None:
        waiting = waiting[: max(locked.seats - _going(locked), 0)]
    for row in waiting:
        history.move(row, SignUpState.GOING, by=by, at=at, payload=events.SeatGiven(person=row.person_id))


@transaction.atomic
def note_attendance(
    session: LearningSession,
    *,
    present: Iterable[User],
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> LearningSession:
    """Note who was there, also people who had not signed up. It can be noted again.

    Raises Refused(field="present") before the start, or for somebody who may not see the session.
    """
    if session.starts_at > at:
        raise Refused("The session has not begun.", field="present")
    people = {person.pk: person for person in present}
    known = {row.person_id: row for row in SignUp.objects.filter(session=session).select_related("session")}
    rows: list[FurtherRow] = [
        (row, {"has_attended": pk in people})
        for pk, row in known.items()
        if pk in people or row.state == SignUpState.GOING
    ]
    for pk, person in people.items():
        if not session.subject.is_visible_to(person):
            raise Refused(f"{person.name} may not see this session.", field="present")
        if pk not in known:
            new = SignUp(session=session, person=person, state=SignUpState.GOING, signed_up_at=at)
            new.has_attended = True
            rows.append(new)
    rows.sort(key=lambda row: not isinstance(row, tuple))
    payload = events.SessionHeld(people=len(people))
    if session.state == SessionState.HELD:
        again = events.AttendanceNoted(people=len(people))
        history.change(session, {}, by=by, at=at, seen=seen, payload=again, rows=rows, raises_version=True)
    else:
        history.move(session, SessionState.HELD, by=by, at=at, seen=seen, payload=payload, rows=rows)
    return session


@handler("learnings.sign_up.withdraw_leaver")
@history.in_one_transaction
def on_person_left(event: Event, *, at: datetime) -> None:
    """Withdraw the upcoming sign-ups of a person who was deactivated, so that others get the seats."""
    person = User.objects.filter(subject_id=event.subject_id, is_active=False).first()
    if person is None:
        return
    rows = SignUp.objects.filter(person=person, session__starts_at__gt=at).exclude(
        state=SignUpState.WITHDRAWN
    )
    for row in rows.select_related("session__subject").order_by("session_id"):
        withdraw(row, by=SYSTEM, at=at)


def _person(by: Actor) -> User:
    if not isinstance(by.person, User):
        raise Refused("Only people sign up.", field="person")
    return by.person


def lock(session: LearningSession) -> LearningSession:
    """Return the session, locked and as it is now."""
    rows = LearningSession.objects.select_for_update(of=("self",)).select_related("subject")
    return rows.get(pk=session.pk)


def _check_open(session: LearningSession, person: User, at: datetime) -> None:
    if session.state == SessionState.CANCELLED:
        raise Refused("The session is cancelled.", field="state")
    if session.ends_at <= at:
        raise Refused("The session is over.", field="state")
    if not session.subject.is_visible_to(person):
        raise Refused("This session is restricted to teams that you are not in.", field="state")
    if session.speaker_id == person.pk:
        raise Refused("You are the speaker, so you need no seat.", field="person")


def _going(session: LearningSession) -> int:
    return SignUp.objects.filter(session=session, state=SignUpState.GOING).count()


def _has_free_seat(session: LearningSession) -> bool:
    return session.seats is None or _going(session) < session.seats
