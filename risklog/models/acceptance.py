"""The acceptance of a risk: who proposed it, who decided, and until when it holds."""

from django.db import models
from django.db.models import F, Q

from history.models import Part, RecordedQuerySet
from people.models import User
from risklog.models.risk import Risk
from risklog.states import ACCEPTANCE_MOVES, AcceptanceState


class AcceptanceQuerySet(RecordedQuerySet):
    through = "risk__subject__"


class Acceptance(Part):
    """A proposal to accept a risk until a date, and what was decided. Its events are on the risk.

    reason: of the proposal. decision_reason: of the decision, or of the withdrawal. until: the last date, in
    the organisation's time zone. proposed_by, decided_by: None for Riskhub itself; an imported acceptance has
    no proposer, because the sheet names none.
    """

    OF = "risk"
    MOVES = ACCEPTANCE_MOVES
    HISTORY_LABELS = {
        "until": "Accepted until",
    }

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="acceptances")
    state = models.CharField(max_length=9, choices=AcceptanceState.choices, default=AcceptanceState.PROPOSED)
    reason = models.TextField()
    until = models.DateField()
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["risk"], condition=Q(state="proposed"), name="risklog_acceptance_one_proposed"
            ),
            models.UniqueConstraint(
                fields=["risk"], condition=Q(state="accepted"), name="risklog_acceptance_one_in_force"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "ended"]) | ~Q(decided_by=F("proposed_by")),
                name="risklog_acceptance_two_people",
            ),
        ]
        indexes = [models.Index(fields=["risk", "-id"], name="risklog_acceptance_of_risk")]

    def __str__(self) -> str:
        return f"acceptance of {self.risk_id} until {self.until}"
