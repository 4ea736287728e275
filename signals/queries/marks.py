"""The events that are marked on charts. Upper rooms read them; riskhub/panels.py lists the readers."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.rights import may
from people.models import User

MAX_MARKS = 40


@dataclass(frozen=True, slots=True)
class MarkRequest:
    """What marks are asked for: events about these models in [start, end)."""

    models: Collection[int]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class MarkReader:
    """How the marks of one kind of event are read, in one query. permission: checked with (user, None).

    Each mark is {"at": ISO text, "label", "link", "kind": "note" or "critical", "model": id, "subject": id}.
    """

    query: Callable[[User, MarkRequest], Iterable[dict[str, Any]]]
    permission: str


_readers: list[MarkReader] = []


def install(readers: Iterable[MarkReader]) -> None:
    _readers[:] = readers


def marks_of(user: User, models: Collection[int], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the marks of models that the reader may see, oldest first, at most MAX_MARKS of the latest."""
    asked = MarkRequest(models, start, end)
    found = [
        mark for reader in _readers if may(user, reader.permission) for mark in reader.query(user, asked)
    ]
    return sorted(found, key=lambda mark: mark["at"])[-MAX_MARKS:]
