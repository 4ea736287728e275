"""Mails about learning sessions: the cause of each, and the later steps that make it outdated."""

from datetime import timedelta
from typing import Any

from kit.actor import SYSTEM, Actor
from learnings.models import LearningSession, SignUp
from learnings.operations import session as sessions
from learnings.operations import sign_up as sign_ups
from people.operations import person as persons
from tests.factories import people
from tests.factories.sessions import session, sign_up
from tests.moments import AT
from tests.notices.told import Told

DAY = timedelta(days=1)


def planned() -> Told:
    reader = people.user("Sol")
    return Told(session(speaker=reader), reader)


def signed_up() -> Told:
    made, reader = session(seats=1), people.user("Sol")
    sign_up(made, reader)
    return Told(made, reader)


def got_a_seat() -> Told:
    made, first, _ = signed_up()
    reader = people.user("Wei")
    sign_up(made, reader)
    _withdraw(made, first)
    return Told(made, reader)


def gave_up_a_seat() -> Told:
    made, reader, _ = signed_up()
    _withdraw(made, reader)
    return Told(made, reader)


def moved_session() -> Told:
    made, reader, _ = signed_up()
    return Told(sessions.change(made, {"place": "Room 9"}, by=SYSTEM, at=AT), reader)


def cancelled_session() -> Told:
    made, reader, _ = signed_up()
    return Told(sessions.cancel(made, reason="Ill", by=SYSTEM, at=AT), reader)


def reinstated_session() -> Told:
    made, reader, _ = cancelled_session()
    return Told(sessions.reinstate(made, by=SYSTEM, at=AT), reader)


def _withdraw(made: LearningSession, person: Any) -> None:
    row = SignUp.objects.select_related("session").get(session=made, person=person)
    sign_ups.withdraw(row, by=Actor(person, "page"), at=AT)


# ------------------------------------------------------------------ later steps


def session_moves(told: Told, obj: LearningSession, at: Any) -> None:
    sessions.change(obj, {"starts_at": obj.starts_at + DAY}, by=SYSTEM, at=at)


def session_is_cancelled(told: Told, obj: LearningSession, at: Any) -> None:
    sessions.cancel(obj, reason="Ill", by=SYSTEM, at=at)


def session_is_reinstated(told: Told, obj: LearningSession, at: Any) -> None:
    sessions.reinstate(obj, by=SYSTEM, at=at)


def seat_is_given_up(told: Told, obj: LearningSession, at: Any) -> None:
    _withdraw(obj, told.reader)


def seat_is_taken_again(told: Told, obj: LearningSession, at: Any) -> None:
    sign_up(obj, told.reader)


def person_leaves(told: Told, obj: Any, at: Any) -> None:
    persons.deactivate(told.reader, by=SYSTEM, at=at)


_LATER = (session_moves, session_is_cancelled, person_leaves)
_SEAT = (seat_is_given_up, session_is_cancelled, person_leaves)

SESSION_STEPS = {
    "learnings.session_planned": (planned, _LATER),
    "learnings.session_moved": (moved_session, _LATER),
    "learnings.session_cancelled": (cancelled_session, (session_is_reinstated, person_leaves)),
    "learnings.session_reinstated": (reinstated_session, _LATER),
    "learnings.signed_up": (signed_up, _SEAT),
    "learnings.seat_given": (got_a_seat, _SEAT),
    "learnings.sign_up_withdrawn": (gave_up_a_seat, (seat_is_taken_again, person_leaves)),
}
