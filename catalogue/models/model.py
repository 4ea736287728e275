"""The inventory of machine-learning models."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from catalogue.states import (
    AffectedPeople,
    DataClass,
    Harm,
    PrivacyConstraint,
    Regulation,
    Stage,
    Tier,
    Use,
)
from catalogue.tiers import tier_of
from history.models import Part, Recorded, RecordedQuerySet
from lists.collation import Collated
from people.models import Team, User


class Model(Recorded):
    """A registered machine-learning model. slug: its name in other tools (the label `model` of an alert).

    tier: a Tier, null while it is not rated. reach, harm, use, is_regulated: the answers that it follows from
    (tiers.py), null before they are given. tier_reason: why the tier is another one than the answers give.
    restrictions: what it must not be used for. validator: a person other than the developer.
    privacy: the PrivacyConstraints that follow from personal data. inputs: its data sources, by name.
    retired_at: when it was retired, null for other stages. validate_on, validate_why: when its next
    validation is due, and what triggers it.
    """

    KIND = "model"
    HISTORY_LABELS = {
        "slug": "External name",
        "purpose": "Purpose and intended use",
        "reach": "Who is affected by its output",
        "harm": "Worst plausible harm of a wrong output",
        "use": "What its output is used for",
        "is_regulated": "Asked for by a law or a supervisor",
        "tier_reason": "Reason for another tier",
        "data_class": "Data classification",
        "has_personal_data": "Personal data",
        "privacy": "Privacy constraints",
        "regulation": "Regulation class",
        "inputs": "Data sources",
        "links": "Further links",
        "validate_on": "Next validation on",
        "validate_why": "Trigger of the next validation",
    }

    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True, default="")
    owner_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    developer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.PositiveSmallIntegerField(choices=Tier.choices, null=True, blank=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.PRODUCTION)
    link = models.URLField(blank=True, default="")
    restrictions = models.TextField(blank=True, default="", db_default="")
    validator = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reach = models.PositiveSmallIntegerField(choices=AffectedPeople.choices, null=True, blank=True)
    harm = models.PositiveSmallIntegerField(choices=Harm.choices, null=True, blank=True)
    use = models.PositiveSmallIntegerField(choices=Use.choices, null=True, blank=True)
    is_regulated = models.BooleanField(default=False, db_default=False)
    tier_reason = models.TextField(blank=True, default="", db_default="")
    data_class = models.CharField(
        max_length=12, choices=DataClass.choices, blank=True, default="", db_default=""
    )
    has_personal_data = models.BooleanField(null=True, blank=True)
    privacy = ArrayField(
        models.CharField(max_length=12, choices=PrivacyConstraint.choices),
        default=list,
        db_default=[],
        blank=True,
    )
    regulation = models.CharField(
        max_length=12, choices=Regulation.choices, default=Regulation.UNKNOWN, db_default="unknown"
    )
    inputs = ArrayField(models.CharField(max_length=200), default=list, db_default=[], blank=True)
    links = ArrayField(models.URLField(max_length=500), default=list, db_default=[], blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    validate_on = models.DateField(null=True, blank=True)
    validate_why = models.CharField(max_length=500, blank=True, default="", db_default="")

    # Set by views: the columns of upper rooms as HTML, and the query of the request.
    cells: list[str]
    asked: dict[str, str]

    class Meta:
        indexes = [models.Index(Collated("name"), "name", "id", name="catalogue_model_by_name")]

    @property
    def asked_tier(self) -> Tier | None:
        """Return the tier that its answers give, None while they are missing."""
        return tier_of(vars(self))

    @property
    def has_tier_by_hand(self) -> bool:
        """Return True if its tier is not the one that its answers give."""
        return self.tier is not None and self.tier != self.asked_tier

    @property
    def team_of_risks(self) -> Team | None:
        """Return the only team that sees new risks about it, None if no constraint demands that."""
        return self.owner_team if PrivacyConstraint.RESTRICTED in self.privacy else None

    @property
    def privacy_labels(self) -> list[str]:
        return [str(PrivacyConstraint(name).label) for name in self.privacy]


class DependencyQuerySet(RecordedQuerySet):
    through = "model__subject__"


class Dependency(Part):
    """That a model takes the output of another one as its input, until `ended_at`."""

    OF = "model"

    model = models.ForeignKey(Model, models.PROTECT, related_name="dependencies")
    upstream = models.ForeignKey(Model, models.PROTECT, related_name="dependents")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DependencyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "upstream"],
                condition=Q(ended_at__isnull=True),
                name="catalogue_dependency_once",
            )
        ]
