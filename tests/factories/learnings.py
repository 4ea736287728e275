"""Learnings in each of their states, created by operations."""

from itertools import count

from kit.actor import SYSTEM, Actor
from learnings.models import Learning, LearningUse
from learnings.operations import learning as operations
from learnings.operations import use as uses
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def draft(title: str = "", *, author=None, by=SYSTEM, at=AT, **fields) -> Learning:
    title = title or f"What outage {next(_numbers)} taught"
    return operations.write(title=title, author=author, by=by, at=at, **{"seen": "It drifted.", **fields})


def published(title: str = "", *, author=None, at=AT, **fields) -> Learning:
    author = author or people.user()
    found = draft(title, author=author, at=at, **fields)
    return operations.publish(found, by=Actor(author, "page"), at=at)


def discarded(**fields) -> Learning:
    return operations.discard(draft(**fields), by=SYSTEM, at=AT)


def use(learning: Learning, *, user=None, at=AT, **fields) -> LearningUse:
    return uses.add(learning, by=Actor(user or people.user(), "page"), at=at, **fields)
