"""Learning sessions, planned by the operation."""

from datetime import timedelta
from itertools import count

from kit.actor import Actor
from learnings.models import LearningSession, SignUp
from learnings.operations import session as operations
from learnings.operations import sign_up as sign_ups
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def session(title: str = "", *, by=None, at=AT, **fields) -> LearningSession:
    """A session in three days, in Berlin."""
    fields = {"starts_at": AT + timedelta(days=3), "time_zone": "Europe/Berlin", **fields}
    author = Actor(by or people.user(), "page")
    return operations.plan(title=title or f"Session {next(_numbers)}", by=author, at=at, **fields)


def sign_up(on: LearningSession, person=None, *, at=AT) -> SignUp:
    return sign_ups.sign_up(on, by=Actor(person or people.user(), "page"), at=at)
