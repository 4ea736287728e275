"""Queries of model registries."""

from catalogue.models import Model, Registry, RegistryModel
from history.models import RecordedQuerySet
from kit.sight import Visitor

SHOWN_MODELS = 50


def registries() -> RecordedQuerySet[Registry]:
    """Return all registries with their readings. Callers add `.visible_to(user)`."""
    return Registry.objects.select_related("subject", "owner", "owner_team", "reading")


def imported(user: Visitor, registry: Registry) -> list[RegistryModel]:
    """Return the models of a registry that a reader may see, by name, at most SHOWN_MODELS. One query."""
    rows = RegistryModel.objects.filter(registry=registry, model__in=Model.objects.visible_to(user))
    return list(rows.select_related("model").order_by("name__collated", "pk")[:SHOWN_MODELS])
