"""Templates of agendas."""

from django.db import models

from history.models import Recorded
from lists.collation import Collated


class AgendaTemplate(Recorded):
    """A named list of agenda items, from which series and meetings begin. They keep what they began with.

    items: in order, as {"title": …, "purpose": …, "minutes": …}.
    """

    KIND = "agenda_template"

    name = models.CharField(max_length=120, unique=True)
    items = models.JSONField()
    is_retired = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(Collated("name"), "name", "id", name="meetings_template_by_name")]
