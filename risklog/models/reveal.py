"""Requests to reveal who escalated something anonymously."""

from django.db import models
from django.db.models import F, Q

from history.models import Part, RecordedQuerySet
from people.models import User
from risklog.models.escalation import Escalation
from risklog.states import REVEAL_MOVES, RevealState


class RevealQuerySet(RecordedQuerySet):
    through = "escalation__subject__"


class Reveal(Part):
    """A request of one administrator, which another one confirms or declines.

    Its events are on the escalation. until: when it lapses if nobody decided. Its rows never have the name
    that it is about.
    """

    OF = "escalation"
    MOVES = REVEAL_MOVES
    HISTORY_LABELS = {
        "until": "Visible until",
    }

    escalation = models.ForeignKey(Escalation, models.PROTECT, related_name="reveals")
    state = models.CharField(max_length=10, choices=RevealState.choices, default=RevealState.ASKED)
    reason = models.TextField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    until = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = RevealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["escalation"], condition=Q(state="asked"), name="risklog_one_reveal_asked"
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="risklog_reveal_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"reveal #{self.pk}"
