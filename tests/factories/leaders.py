"""Goals, created by operations."""

from datetime import timedelta
from itertools import count

from kit.actor import SYSTEM
from leaders.models import Goal
from leaders.operations import goal as goals
from tests.conftest import AT

_numbers = count(1)


def goal(title: str = "", *, target: float = 3, by=SYSTEM, at=AT, **fields) -> Goal:
    """Return an open goal of the organisation that is entered by hand, due in 60 days."""
    given = {"due_on": at.date() + timedelta(days=60), **fields}
    return goals.add(title=title or f"Goal {next(_numbers)}", target=target, by=by, at=at, **given)
