"""Other names of models."""

from django.db import models
from django.db.models import Q

from catalogue.models.model import Model
from history.models import Part, RecordedQuerySet


class AliasQuerySet(RecordedQuerySet):
    through = "model__subject__"


class Alias(Part):
    """Another name of a model in a tool: another spelling, or its name in another script.

    key: slugs.name_key() of the name, unique among the aliases in use. ended_at: when it was removed.
    """

    OF = "model"

    model = models.ForeignKey(Model, models.PROTECT, related_name="aliases")
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=240)
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AliasQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at__isnull=True), name="catalogue_alias_once"
            )
        ]

    def __str__(self) -> str:
        return self.name
