"""Commitments: what, who, by when; made by risks, incidents and meetings alike."""

from django.db import models
from django.db.models import Q

from actions.states import MOVES, UNFINISHED, Effort, State, Type
from history.models import Recorded, Subject
from people.models import User


class Action(Recorded):
    """One thing one person does by one date, because of a subject (a risk, a review, a breach group …).

    about: what it serves; origin: what made it (a decision), where that differs. No owner and no due date are
    states the pages show and mend, never refused on the way of the flow.
    """

    KIND = "action"
    PREFIX = "A"
    MOVES = MOVES

    title = models.CharField(max_length=200)
    details = models.TextField(blank=True, default="")
    type = models.CharField(max_length=16, choices=Type.choices, default=Type.MITIGATION)
    effort = models.CharField(max_length=1, choices=Effort.choices, blank=True, default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    due_on = models.DateField(null=True, blank=True)
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    origin = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.URLField(blank=True, default="")
    blocked_by = models.CharField(max_length=200, blank=True, default="")
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["owner", "due_on", "id"], name="actions_mine", condition=Q(state__in=UNFINISHED)
            ),
            models.Index(fields=["due_on", "id"], name="actions_due", condition=Q(state__in=UNFINISHED)),
            models.Index(fields=["about"], name="actions_about"),
            models.Index(fields=["origin"], name="actions_origin"),
            models.Index(fields=["-made_at", "-id"], name="actions_newest"),
        ]

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED
