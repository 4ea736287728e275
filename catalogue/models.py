"""The inventory of machine-learning models, and who decides about them."""

from django.db import models
from django.db.models import Q

from catalogue import rights
from catalogue.states import Holder, RightKind, RightScope, Stage, Tier
from history.models import Recorded, Subject
from lists.collation import Collated
from people.models import Function, Team, User


class Model(Recorded):
    """A registered machine-learning model. slug: its name in other tools (the label `model` of an alert).

    tier: a Tier, null while it is not rated.
    """

    KIND = "model"

    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True, default="")
    owner_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    developer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.PositiveSmallIntegerField(choices=Tier.choices, null=True, blank=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.PRODUCTION)
    link = models.URLField(blank=True, default="")

    # Set by views: the columns of upper rooms as HTML, and the query of the request.
    cells: list[str]
    asked: dict[str, str]

    class Meta:
        indexes = [models.Index(Collated("name"), "name", "id", name="catalogue_model_by_name")]


class DecisionRight(Recorded):
    """Who decides one kind of question about a model, about the models of a team, or about all models.

    model, team: what it applies to; both None for all models. who: whether a person, a function or the lead
    of the model's owner team holds it. because: the decision or other object that is the reason for it.
    """

    KIND = "decision_right"

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
