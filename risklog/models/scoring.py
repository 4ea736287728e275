"""Scoring together: one round in which several people score a risk blind, and the score of each of them."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from people.models import Function, User
from risklog.models.risk import Risk
from risklog.states import SCORING_MOVES, ScoringState

_ONE_TO_FIVE = [MinValueValidator(1), MaxValueValidator(5)]


class RoundQuerySet(RecordedQuerySet):
    through = "risk__subject__"


class ScoringRound(Part):
    """A round in which people score a risk without seeing what others score. Its events are on the risk.

    is_residual: they score the residual risk, else the inherent one. ends_on: the last day, in the
    organisation's time zone. started_by, revealed_by: None for Riskhub itself. agreed_…: the score that was
    taken over into the risk, None before.
    """

    OF = "risk"
    MOVES = SCORING_MOVES
    HISTORY_LABELS = {
        "is_residual": "Scores the residual risk",
        "ends_on": "Last day",
    }

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="scorings")
    state = models.CharField(max_length=9, choices=ScoringState.choices, default=ScoringState.OPEN)
    is_residual = models.BooleanField(default=False)
    started_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField()
    ends_on = models.DateField()
    revealed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    agreed_likelihood = models.PositiveSmallIntegerField(null=True, blank=True, validators=_ONE_TO_FIVE)
    agreed_impact = models.PositiveSmallIntegerField(null=True, blank=True, validators=_ONE_TO_FIVE)
    agreed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_reason = models.TextField(blank=True, default="")

    objects = RoundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["risk"], condition=Q(state="open"), name="risklog_scoring_one_open"
            ),
        ]
        indexes = [models.Index(fields=["risk", "-id"], name="risklog_scoring_of_risk")]

    def __str__(self) -> str:
        return f"scoring of {self.risk_id}"


class ScoreQuerySet(RecordedQuerySet):
    through = "round__risk__subject__"


class Score(Part):
    """The score that one person was asked for, blind until the round is revealed.

    likelihood, impact: 1 to 5, None before the person scores. History never stores them nor the reason,
    because events can be read before the reveal. The event of the reveal has them.
    function: of the person when they were asked.
    """

    OF = "round"
    HISTORY_OMITS = frozenset({"likelihood", "impact", "reason"})
    HISTORY_LABELS = {
        "round": "Scoring round",
        "stands_in_for": "Stand-in for",
    }

    round = models.ForeignKey(ScoringRound, models.PROTECT, related_name="scores")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    function = models.ForeignKey(Function, models.PROTECT, null=True, blank=True, related_name="+")
    stands_in_for = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    likelihood = models.PositiveSmallIntegerField(null=True, blank=True, validators=_ONE_TO_FIVE)
    impact = models.PositiveSmallIntegerField(null=True, blank=True, validators=_ONE_TO_FIVE)
    reason = models.TextField(blank=True, default="")

    objects = ScoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "user"], name="risklog_score_once"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(likelihood__range=(1, 5), impact__range=(1, 5)),
                name="risklog_score_five_by_five",
            ),
        ]

    def __str__(self) -> str:
        return f"score of {self.user_id}"

    @property
    def subject_id(self) -> int:
        """Return the id of the subject of the risk."""
        return self.round.risk.subject_id
