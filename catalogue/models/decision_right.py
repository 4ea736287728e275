"""Who decides about models."""

from django.db import models
from django.db.models import Q

from catalogue import rights
from catalogue.models.model import Model
from catalogue.states import Holder, RightKind, RightScope
from history.models import Recorded, Subject
from people.models import Function, Team, User


class DecisionRight(Recorded):
    """Who decides one kind of question about a model, about the models of a team, or about all models.

    model, team: what it applies to; both None for all models. who: whether a person, a function or the lead
    of the model's owner team holds it. because: the decision or other object that is the reason for it.
    """

    KIND = "decision_right"
    HISTORY_LABELS = {
        "kind": "Right",
        "who": "Held by",
        "because": "Based on",
        "is_withdrawn": "Withdrawn",
    }

    kind = models.CharField(max_length=16, choices=RightKind.choices)
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    who = models.CharField(max_length=12, choices=Holder.choices)
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    function = models.ForeignKey(Function, models.PROTECT, null=True, blank=True, related_name="+")
    why = models.TextField()
    because = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    is_withdrawn = models.BooleanField(default=False)

    # Set by history.queries.show().
    shown_because: Subject | None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "model", "team"],
                condition=Q(is_withdrawn=False),
                nulls_distinct=False,
                name="catalogue_one_right",
            ),
            models.CheckConstraint(
                condition=Q(model__isnull=True) | Q(team__isnull=True), name="catalogue_right_of_one"
            ),
            models.CheckConstraint(
                condition=Q(who="person", person__isnull=False, function__isnull=True)
                | Q(who="function", person__isnull=True, function__isnull=False)
                | Q(who="team_lead", person__isnull=True, function__isnull=True),
                name="catalogue_right_has_holder",
            ),
        ]

    @property
    def subject_title(self) -> str:
        return f"{self.get_kind_display()}: {self.scope_name}"

    @property
    def scope(self) -> RightScope:
        return rights.scope_of(self)

    @property
    def scope_name(self) -> str:
        """Return the name of the model or the team that it applies to, "All models" for neither."""
        scope = self.model or self.team
        return scope.name if scope else "All models"

    @property
    def holder_name(self) -> str:
        holder = self.person or self.function
        return holder.name if holder else "Lead of the owner team"
