"""Post-incident reviews: what made an incident possible, and which risk should have caught it."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from history.models import Part, Recorded
from incidents.models.incident import Incident
from incidents.states import MAX_WHYS, POSTMORTEM_MOVES, IncidentState, PostmortemState, RiskAnswer
from people.models import Function, User
from risklog.models import Risk

MAX_WHY = 500
# An open review can be finished only while its incident is resolved. Otherwise it waits: it is not due.
CAN_FINISH = Q(state=PostmortemState.OPEN, incident__state=IncidentState.RESOLVED)
WAITS = Q(state=PostmortemState.OPEN) & ~Q(incident__state=IncidentState.RESOLVED)


class Postmortem(Recorded):
    """The review of an incident after it is resolved. People call it the post-incident review.

    due_on: the day by which it should be finished. factors: the conditions that contributed, in Markdown.
    whys: the causes, each asked for the one before, down to the root. risk, risk_answer, risk_note: which
    risk should have caught the incident, and what follows for it. told_overdue_at: when it was escalated.
    """

    KIND = "postmortem"
    MOVES = POSTMORTEM_MOVES
    HISTORY_LABELS = {
        "factors": "Contributing conditions",
        "whys": "Why it happened",
        "went_well": "What went well",
        "risk": "Risk that should have caught it",
        "risk_answer": "Answer about that risk",
        "risk_note": "What follows for the risk log",
    }
    HISTORY_SHOWN_WITH = {"risk_note": "risk_id"}

    incident = models.OneToOneField(Incident, models.PROTECT, related_name="postmortem")
    state = models.CharField(max_length=4, choices=PostmortemState.choices, default=PostmortemState.OPEN)
    due_on = models.DateField()
    factors = models.TextField(blank=True, default="")
    whys = ArrayField(models.CharField(max_length=MAX_WHY), default=list, blank=True, size=MAX_WHYS)
    went_well = models.TextField(blank=True, default="")
    lessons = models.TextField(blank=True, default="")
    risk = models.ForeignKey(Risk, models.PROTECT, null=True, blank=True, related_name="+")
    risk_answer = models.CharField(max_length=8, choices=RiskAnswer.choices, blank=True, default="")
    risk_note = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    finished_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    # Set by queries.postmortem.show_risks(): the risk, None if this reader may not see it.
    shown_risk: Risk | None

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | (~Q(risk_answer="") & Q(risk__isnull=False)),
                name="incidents_done_review_has_risk",
            )
        ]
        indexes = [
            models.Index(fields=["state", "due_on", "id"], name="incidents_reviews_due"),
            models.Index(fields=["risk"], name="incidents_reviews_of_risk", condition=Q(risk__isnull=False)),
        ]

    @property
    def subject_title(self) -> str:
        return f"Post-incident review: {self.incident.title}"[:300]

    @property
    def is_open(self) -> bool:
        return self.state == PostmortemState.OPEN

    @property
    def waits(self) -> bool:
        """Return True if an open review is not due, because its incident is not resolved. See WAITS."""
        return self.is_open and self.incident.state != IncidentState.RESOLVED

    def is_overdue(self, today: date) -> bool:
        """Return True if an open review is late. One that waits is not."""
        return self.is_open and not self.waits and self.due_on < today


class ObserverQuerySet(models.QuerySet["Observer"]):
    def active(self) -> "ObserverQuerySet":
        """Return those who still observe their review."""
        return self.filter(ended_on__isnull=True)


class Observer(Part):
    """A person who observes a post-incident review, because the rotation chose them.

    why: the reason of the rotation. function: theirs on that day (on). ended_on: the day on which they no
    longer qualified, null while they observe.
    """

    OF = "postmortem"
    HISTORY_LABELS = {
        "on": "Asked on",
        "ended_on": "Observed until",
    }

    postmortem = models.ForeignKey(Postmortem, models.PROTECT, related_name="observers")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    function = models.ForeignKey(
        Function, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    why = models.CharField(max_length=300)
    on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = ObserverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["postmortem", "user"],
                condition=Q(ended_on__isnull=True),
                name="incidents_observes_once",
            )
        ]

    def __str__(self) -> str:
        return str(self.user)
