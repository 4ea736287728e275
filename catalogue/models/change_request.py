"""Proposed changes of models, and deployment windows."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from catalogue.models.model import Model
from catalogue.states import CHANGE_MOVES, ChangeKind, ChangeRoute, ChangeState, EffectResult
from history.models import Recorded
from people.models import User

MAX_TITLE = 200


class ChangeRequest(Recorded):
    """A proposed change of a model, or a deployment window, which the holder of the decision right signs.

    effect: what is expected of it, checked on effect_on. window_from, window_until: the window of a
    deployment, null for a model change that announces none. reviewed_at: when the review of the full route
    was settled.
    """

    KIND = "change_request"
    PREFIX = "C"
    MOVES = CHANGE_MOVES
    HISTORY_LABELS = {
        "risk": "Risk of the change",
        "rollback": "Rollback plan",
        "effect": "Expected effect",
        "effect_on": "Effect is checked on",
        "window_from": "Window starts",
        "window_until": "Window ends",
        "effect_result": "Result of the check of the effect",
        "effect_note": "Note on the effect",
    }

    model = models.ForeignKey(Model, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=ChangeKind.choices)
    title = models.CharField(max_length=MAX_TITLE)
    details = models.TextField(blank=True, default="")
    risk = models.TextField(blank=True, default="")
    rollback = models.TextField(blank=True, default="")
    effect = models.TextField(blank=True, default="")
    effect_on = models.DateField(null=True, blank=True)
    window_from = models.DateTimeField(null=True, blank=True)
    window_until = models.DateTimeField(null=True, blank=True)
    route = models.CharField(max_length=9, choices=ChangeRoute.choices)
    state = models.CharField(max_length=9, choices=ChangeState.choices, default=ChangeState.OPEN)
    opened_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    opened_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    effect_result = models.CharField(max_length=11, choices=EffectResult.choices, blank=True, default="")
    effect_note = models.TextField(blank=True, default="")

    # Set by queries.change_request.set_signer(): who holds the right to sign it (a Decider), and its holders
    # who can sign: without viewers, without people who left or may not see it, and without who opened the
    # request. managers: the risk managers and administrators who sign because no holder can.
    signer: Any
    able_signers: list[User]
    managers: list[User]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(window_from__isnull=True, window_until__isnull=True)
                | Q(window_from__lt=F("window_until")),
                name="catalogue_window_in_order",
            )
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="catalogue_change_by_state"),
            models.Index(
                fields=["model", "window_from"],
                name="catalogue_change_window",
                condition=Q(window_from__isnull=False),
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.state == ChangeState.OPEN

    @property
    def waits_for_review(self) -> bool:
        """Return True if its full review is not settled yet."""
        return self.is_open and self.route == ChangeRoute.FULL and self.reviewed_at is None

    @property
    def is_signed_by_managers(self) -> bool:
        """Return True if risk managers sign it, because no holder of the right can. Needs set_signer()."""
        return self.signer.right is not None and not self.able_signers

    @property
    def waits_for_effect(self) -> bool:
        """Return True if it was signed off and its effect is not checked yet."""
        return self.state == ChangeState.SIGNED and bool(self.effect) and not self.effect_result
