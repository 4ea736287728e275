"""Requests to swap turns as facilitator."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from meetings.models.meeting import Meeting
from meetings.states import SWAP_MOVES, SwapState
from people.models import User


class SwapQuerySet(RecordedQuerySet):
    through = "meeting__subject__"


class Swap(Part):
    """A facilitator asks a colleague to take a turn, in return for another one or for none.

    meeting: whose turn is given away. in_return: a meeting of the same series that the colleague facilitates
    and the asking person takes; None if they take none.
    """

    OF = "meeting"
    MOVES = SWAP_MOVES
    HISTORY_REFERS = frozenset({"note", "answer"})

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="swaps")
    in_return = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="+")
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
                fields=["meeting"], condition=Q(state="open"), name="meetings_one_open_swap"
            )
        ]
