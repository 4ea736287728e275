"""Reviews across teams, and their reviewers."""

from typing import Self

from django.db import models
from django.db.models import Q

from catalogue.models import Model
from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import Function, User
from risklog.states import REVIEW_MOVES, Outcome, ReviewState, Severity
from signals.states import SignalKind


class Review(Recorded):
    """A request to review a subject. A subject has at most one open review; a further trigger is noted on it.

    missing: what was missing when it opened (no owner team, only one function …), as {"code", "text", …}. The
    page links to where it can be fixed. triggers: how often it was triggered.
    """

    KIND = "review"
    PREFIX = "Q"
    MOVES = REVIEW_MOVES
    HISTORY_LABELS = {
        "missing": "Missing evidence",
        "triggers": "Times triggered",
        "claimed_by": "Led by",
    }

    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    why = models.TextField(blank=True, default="")
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.WARNING)
    state = models.CharField(max_length=9, choices=ReviewState.choices, default=ReviewState.OPEN)
    missing = models.JSONField(default=list, blank=True)
    triggers = models.PositiveIntegerField(default=1)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True, default="")
    outcome_reason = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["about"], condition=Q(state="open"), name="risklog_one_open_review"
            )
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="risklog_review_newest"),
            models.Index(fields=["state", "due_at", "id"], name="risklog_review_due"),
        ]


class ReviewerQuerySet(RecordedQuerySet):
    through = "review__subject__"

    def unanswered(self) -> Self:
        """Return the requests that still wait for an answer: those that nobody else took over."""
        return self.filter(answered_at__isnull=True, replaced_by__isnull=True)


class Reviewer(Part):
    """A person who is asked to review, for their function, and their answer.

    stands_in_for: the absent person they act for. why: why this person was asked. replaced_by: who was asked
    instead, because this person handed over the request or can no longer answer.
    """

    OF = "review"
    HISTORY_LABELS = {
        "stands_in_for": "Stand-in for",
    }

    review = models.ForeignKey(Review, models.PROTECT, related_name="reviewers")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    function = models.ForeignKey(Function, models.PROTECT, null=True, blank=True, related_name="+")
    stands_in_for = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    replaced_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    why = models.CharField(max_length=200, blank=True, default="")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=20, choices=Outcome.choices, blank=True, default="")
    note = models.TextField(blank=True, default="")

    objects = ReviewerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "user"], name="risklog_reviewer_once")]
        indexes = [
            models.Index(
                fields=["user"], name="risklog_reviewer_asked", condition=Q(answered_at__isnull=True)
            )
        ]
