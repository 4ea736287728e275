"""Actions: what, who and by when. Risks, reviews, breach groups and meetings have actions."""

from datetime import date

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from actions.states import (
    MOVES,
    NEED_OUTSIDER,
    UNFINISHED,
    WEIGHTS,
    ActionState,
    AuditResult,
    Blocker,
    Effort,
    Type,
)
from history.models import Recorded, Subject
from people.models import User

# The due date for sorting: actions without one come last. A keyset needs a value that is never null.
NO_DATE = date(9999, 12, 31)
DUE_ORDER = Coalesce("due_on", Value(NO_DATE), output_field=models.DateField())
MAX_TITLE = 200
MAX_EXPOSURE = 25
# The exposure times the weight of the effort: the more exposure for the less effort, the higher.
RANK = Coalesce(F("exposure"), 0) * Case(
    *(When(effort=effort, then=weight) for effort, weight in WEIGHTS.items() if effort != Effort.MEDIUM),
    default=WEIGHTS[Effort.MEDIUM],
    output_field=models.SmallIntegerField(),
)


class Action(Recorded):
    """What one person does by one date, because of a subject (a risk, a review, a breach group …).

    about: the subject. origin: what created the action (a decision), if that is another subject.
    An action without owner or due date is allowed, so that no flow stops; the pages show what is missing.
    exposure: the points of the score of a risk that it should remove, 1 to 25. reviewer: somebody outside the
    owner's teams. blocker, blocked_by: what kind of thing blocks it, and what exactly, since blocked_at.
    raised_to: the sponsor who was told of a long block, at raised_at.
    """

    KIND = "action"
    PREFIX = "A"
    MOVES = MOVES
    HISTORY_LABELS = {
        "exposure": "Exposure it removes",
        "blocker": "Kind of block",
        "origin": "Comes from",
        "reviewer": "Reviewed by",
    }

    title = models.CharField(max_length=MAX_TITLE)
    details = models.TextField(blank=True, default="")
    type = models.CharField(max_length=16, choices=Type.choices, default=Type.MITIGATION)
    effort = models.CharField(max_length=1, choices=Effort.choices, blank=True, default="")
    state = models.CharField(max_length=8, choices=ActionState.choices, default=ActionState.OPEN)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    due_on = models.DateField(null=True, blank=True)
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    origin = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.URLField(blank=True, default="")
    exposure = models.PositiveSmallIntegerField(null=True, blank=True)
    reviewer = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    result = models.CharField(
        max_length=8, choices=AuditResult.choices, blank=True, default="", db_default=""
    )
    blocker = models.CharField(max_length=6, choices=Blocker.choices, blank=True, default="", db_default="")
    blocked_by = models.CharField(max_length=200, blank=True, default="")
    blocked_at = models.DateTimeField(null=True, blank=True)
    raised_to = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    raised_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    # Set by queries.set_visibility() and by views: what this user may see and do.
    shown_about: Subject | None
    shown_origin: Subject | None
    is_mine_to_change: bool

    class Meta:
        indexes = [
            models.Index(
                fields=["owner", "due_on", "id"], name="actions_mine", condition=Q(state__in=UNFINISHED)
            ),
            models.Index(fields=["due_on", "id"], name="actions_due", condition=Q(state__in=UNFINISHED)),
            models.Index(DUE_ORDER, "id", name="actions_due_order"),
            models.Index(RANK.desc(), F("id").desc(), name="actions_rank"),
            models.Index(fields=["about"], name="actions_about"),
            models.Index(fields=["raised_to"], name="actions_raised", condition=Q(raised_to__isnull=False)),
            models.Index(fields=["origin"], name="actions_origin"),
            models.Index(fields=["-made_at", "-id"], name="actions_newest"),
        ]

    @property
    def rank(self) -> int:
        """Return the exposure times the weight of the effort, as RANK; 0 without an exposure."""
        return (self.exposure or 0) * WEIGHTS[Effort(self.effort or Effort.MEDIUM)]

    @property
    def needs_outsider(self) -> bool:
        """Return True if its type needs a reviewer from outside, a link and a result."""
        return self.type in NEED_OUTSIDER

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def is_finished(self) -> bool:
        """Return True if the action is done or dropped, so that its due date no longer counts."""
        return not self.is_unfinished
