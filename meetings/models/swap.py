"""Requests to swap turns as facilitator, scribe or observer."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from meetings.models.meeting import Meeting
from meetings.states import SWAP_MOVES, SwapState, TurnTask
from people.models import User


class SwapQuerySet(RecordedQuerySet):
    through = "meeting__subject__"


class Swap(Part):
    """Somebody asks a colleague to take their turn at a task, in return for another one or for none.

    meeting: whose turn is given away. in_return: a meeting of the same series in which the colleague has the
    same task, and the asking person takes it; None if they take none.
    """

    OF = "meeting"
    MOVES = SWAP_MOVES
    HISTORY_REFERS = frozenset({"note", "answer"})
    HISTORY_LABELS = {"in_return": "In return for", "asked": "Asked person"}

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="swaps")
    in_return = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="+")
    task = models.CharField(
        max_length=11, choices=TurnTask.choices, default=TurnTask.FACILITATOR, db_default=TurnTask.FACILITATOR
    )
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked = models.ForeignKey(User, models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True, default="")
    answer = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=9, choices=SwapState.choices, default=SwapState.OPEN)
    asked_at = models.DateTimeField()

    objects = SwapQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "task"], condition=Q(state="open"), name="meetings_one_open_swap_of_task"
            )
        ]

    @property
    def what_is_asked(self) -> str:
        """What the colleague would do: "facilitate" the meeting, and so on."""
        return _ASKED[TurnTask(self.task)]

    @property
    def what_they_do(self) -> str:
        """What the colleague does after an accepted swap: "facilitates" the meeting, and so on."""
        return _DONE[TurnTask(self.task)]


_ASKED = {
    TurnTask.FACILITATOR: "facilitate",
    TurnTask.SCRIBE: "be the scribe of",
    TurnTask.OBSERVER: "observe",
}
_DONE = {
    TurnTask.FACILITATOR: "facilitates",
    TurnTask.SCRIBE: "is the scribe of",
    TurnTask.OBSERVER: "observes",
}
