"""Decisions, taken in a meeting or outside."""

from django.db import models
from django.db.models import Q

from history.models import Part, Recorded, RecordedQuerySet, Subject
from meetings.models.meeting import AgendaItem, Meeting
from meetings.states import (
    DECISION_MOVES,
    TRIPWIRE_MOVES,
    DecisionState,
    DidItWork,
    EffectKind,
    TripwireKind,
    TripwireState,
)
from people.models import User
from risklog.models import Acceptance
from risklog.states import Treatment
from signals.models import Series, ThresholdVersion
from signals.states import Direction


class Decision(Recorded):
    """A decision with its reason. It has at least one action, or the reason why none is needed.

    is_incomplete: it was recorded in a meeting that is still live, and its reason or its action is missing.
    acceptance: of a risk, which the decision logs or gives. It ends with the acceptance.
    threshold_version: agreed outside a meeting, which the decision logs.
    options: what else was considered. dissent: who disagreed, and why.
    outcome: whether it worked, "" while nobody has answered.
    """

    KIND = "decision"
    PREFIX = "D"
    MOVES = DECISION_MOVES
    HISTORY_LABELS = {
        "text": "Decision",
        "no_action_reason": "Reason for no action",
        "is_incomplete": "Incomplete",
        "options": "Other options",
        "outcome": "Did it work?",
        "outcome_note": "Note on the outcome",
        "outcome_by": "Outcome recorded by",
        "outcome_at": "Outcome recorded at",
    }

    text = models.TextField()
    reason = models.TextField(blank=True)
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    meeting = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="decisions")
    item = models.ForeignKey(AgendaItem, models.PROTECT, null=True, blank=True, related_name="decisions")
    acceptance = models.OneToOneField(Acceptance, models.PROTECT, null=True, blank=True, related_name="+")
    threshold_version = models.OneToOneField(
        ThresholdVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    no_action_reason = models.TextField(blank=True, default="")
    is_incomplete = models.BooleanField(default=False, db_default=False)
    options = models.TextField(blank=True, default="", db_default="")
    dissent = models.TextField(blank=True, default="", db_default="")
    outcome = models.CharField(max_length=9, choices=DidItWork.choices, blank=True, default="", db_default="")
    outcome_note = models.TextField(blank=True, default="", db_default="")
    outcome_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    outcome_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=DecisionState.choices, default=DecisionState.IN_FORCE)
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField()

    # Set by queries.decision and queries.effect, as a reader may see them.
    shown_about: Subject | None
    shown_effects: "list[DecisionEffect]"
    shown_tripwires: "list[Tripwire]"

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

    @property
    def is_before_meeting(self) -> bool:
        """True if it settled an item of a meeting before this meeting started."""
        if self.meeting is None:
            return False
        return self.meeting.started_at is None or self.decided_at < self.meeting.started_at


class DecisionEffectQuerySet(RecordedQuerySet):
    """Effects of visible decisions. A reader who may not see the target of an effect sees only its kind."""

    through = "decision__subject__"


class DecisionEffect(Part):
    """What a decision changed when it was recorded, in the same transaction. Only a new decision undoes it.

    target: the action, threshold, risk or escalation. due_on: the new due date of the action, or the last day
    of the acceptance. owner: the new owner of the action. threshold_version: the version agreed. treatment:
    of the risk.
    """

    OF = "decision"

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="effects")
    kind = models.CharField(max_length=20, choices=EffectKind.choices)
    target = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    due_on = models.DateField(null=True, blank=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    threshold_version = models.ForeignKey(
        ThresholdVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    treatment = models.CharField(max_length=8, choices=Treatment.choices, blank=True, default="")

    # Set by queries.effect: the target for readers who may see it, and what changed in words.
    shown_target: Subject | None
    texts: list[str]

    objects = DecisionEffectQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["decision", "id"], name="meetings_effect_decision"),
            models.Index(fields=["kind", "decision"], name="meetings_effect_kind"),
            models.Index(fields=["target"], name="meetings_effect_target"),
        ]


class TripwireQuerySet(RecordedQuerySet):
    """Tripwires of visible decisions. Who may not see the series sees only that there is a metric."""

    through = "decision__subject__"


class Tripwire(Part):
    """What brings a decision back to a meeting: a date, or a metric that crosses a value.

    due_on: of the kind date. series, direction, value: of the kind metric; points after made_at count.
    note: why it matters. crossed_value: of the point that crossed.
    checked_until: up to which time of the points of the series it was compared.
    """

    OF = "decision"
    MOVES = TRIPWIRE_MOVES
    HISTORY_OMITS = frozenset({"checked_until"})
    HISTORY_LABELS = {
        "series": "Metric",
    }

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="tripwires")
    kind = models.CharField(max_length=6, choices=TripwireKind.choices)
    due_on = models.DateField(null=True, blank=True)
    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="+")
    direction = models.CharField(max_length=5, choices=Direction.choices, default=Direction.ABOVE)
    value = models.FloatField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=7, choices=TripwireState.choices, default=TripwireState.ARMED)
    made_at = models.DateTimeField()
    checked_until = models.DateTimeField(null=True, blank=True)
    crossed_at = models.DateTimeField(null=True, blank=True)
    crossed_value = models.FloatField(null=True, blank=True)

    # Set by queries.tripwire: whether the reader may see the series.
    is_series_seen: bool

    objects = TripwireQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="date", due_on__isnull=False)
                | Q(kind="metric", series__isnull=False, value__isnull=False),
                name="meetings_tripwire_on_something",
            )
        ]
        indexes = [
            models.Index(fields=["decision", "id"], name="meetings_tripwire_decision"),
            models.Index(
                fields=["series"],
                name="meetings_tripwire_armed",
                condition=Q(state="armed", kind="metric"),
            ),
        ]

    @property
    def condition(self) -> str:
        """Return what it waits for, in words, for readers who may see the series."""
        if self.kind == TripwireKind.DATE:
            return f"on {self.due_on:%-d %B %Y}"
        return f"{self.series} {self.direction} {self.value:g}"
