"""The states of a note, and the steps between them."""

from django.db.models import TextChoices


class State(TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


MOVES = {(State.OPEN, State.CLOSED): "notebook.note_closed"}
