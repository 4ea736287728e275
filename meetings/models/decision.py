"""Decisions, taken in a meeting or outside."""

from django.db import models
from django.db.models import Q

from history.models import Recorded, Subject
from meetings.models.meeting import AgendaItem, Meeting
from meetings.states import DECISION_MOVES, DecisionState
from people.models import User
from risklog.models import Acceptance


class Decision(Recorded):
    """A decision with its reason. It has at least one action, or the reason why none is needed.

    is_incomplete: it was recorded in a meeting that is still live, and its reason or its action is missing.
    acceptance: of a risk, which the decision logs. It ends with the acceptance.
    """

    KIND = "decision"
    PREFIX = "D"
    MOVES = DECISION_MOVES

    text = models.TextField()
    reason = models.TextField(blank=True)
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    meeting = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="decisions")
    item = models.ForeignKey(AgendaItem, models.PROTECT, null=True, blank=True, related_name="decisions")
    acceptance = models.OneToOneField(Acceptance, models.PROTECT, null=True, blank=True, related_name="+")
    no_action_reason = models.TextField(blank=True, default="")
    is_incomplete = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=8, choices=DecisionState.choices, default=DecisionState.IN_FORCE)
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField()

    # Set by queries.decision.with_shown_about(): the subject, if the reader may see it.
    shown_about: Subject | None

    class Meta:
        indexes = [
            models.Index(fields=["-decided_at", "-id"], name="meetings_decision_newest"),
            models.Index(fields=["about"], name="meetings_decision_about"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="") | Q(is_incomplete=True), name="meetings_decision_reason_or_incomplete"
            ),
        ]

    @property
    def subject_title(self) -> str:
        return self.text if len(self.text) <= 140 else f"{self.text[:139]}…"
