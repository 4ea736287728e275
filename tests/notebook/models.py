"""Notes."""

from django.db import models

from history.models import Recorded
from people.models import User
from tests.notebook.states import MOVES, State


class Note(Recorded):
    """A short text that somebody is asked to read."""

    KIND = "note"
    PREFIX = "N"
    MOVES = MOVES

    title = models.CharField(max_length=200)
    reader = models.ForeignKey(User, models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
