"""The recipients of events about notes."""

from history.models import Event
from history.recipients import everyone
from tests.notebook.models import Note


def reader(event: Event) -> dict[int, str]:
    """Return the person who is asked to read the note."""
    rows = Note.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("reader_id", flat=True), "You are asked to read it")
