"""The inventory of machine-learning models."""

from django.db import models

from catalogue.states import Stage, Tier
from history.models import Recorded
from lists.collation import Collated
from people.models import Team, User


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
