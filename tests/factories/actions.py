"""Actions in each of their states, created by operations."""

from itertools import count

from actions.models import Action
from actions.operations import action as operations
from kit.actor import SYSTEM
from tests.conftest import AT

_numbers = count(1)


def action(title: str = "", *, by=SYSTEM, at=AT, **fields) -> Action:
    return operations.add(title=title or f"Do thing {next(_numbers)}", by=by, at=at, **fields)


def doing(**fields) -> Action:
    return operations.start(action(**fields), by=SYSTEM, at=AT)


def blocked(reason: str = "Waits for access", **fields) -> Action:
    return operations.block(action(**fields), reason=reason, by=SYSTEM, at=AT)


def done(at=AT, **fields) -> Action:
    return operations.finish(action(**fields), by=SYSTEM, at=at)


def dropped(reason: str = "Solved elsewhere", **fields) -> Action:
    return operations.drop(action(**fields), reason=reason, by=SYSTEM, at=AT)
