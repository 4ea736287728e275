"""The operations of notes."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from people.models import User
from tests.notebook.events import NoteClosed
from tests.notebook.models import Note
from tests.notebook.states import State


@transaction.atomic
def add(*, title: str, reader: User, by: Actor, at: datetime) -> Note:
    """Write a note for somebody."""
    note = Note(title=title, reader=reader)
    history.record(note, "notebook.note_added", by=by, at=at)
    return note


@transaction.atomic
def close(note: Note, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Note:
    """Close a note, with a reason."""
    history.move(note, State.CLOSED, by=by, at=at, seen=seen, payload=NoteClosed(reason=reason))
    return note
