"""Queries of models."""

from collections.abc import Iterable

from django.utils.text import slugify

from catalogue.models import Model
from history.models import RecordedQuerySet
from lists.collation import BY_NAME
from people.slugs import slug_of


def models() -> RecordedQuerySet[Model]:
    """Return all models by name, with owner team and developer. Callers add `.visible_to(user)`."""
    return Model.objects.select_related("subject", "owner_team__lead", "developer").order_by(*BY_NAME)


def models_called(names: Iterable[str]) -> dict[str, Model]:
    """Return name -> model for names that tools use, without names that are not registered. One query.

    A name matches the model whose slug equals it, ignoring case and punctuation.
    """
    slugs = {name: _slugs(name) for name in names if name}
    distinct = {slug for both in slugs.values() for slug in both}
    if not distinct:
        return {}
    models = Model.objects.filter(slug__in=distinct).select_related("subject")
    by_slug = {model.slug: model for model in models}
    return {name: by_slug[slug] for name, both in slugs.items() for slug in reversed(both) if slug in by_slug}


def is_called(model: Model, name: str) -> bool:
    """Return True if a name that a tool uses matches this model."""
    return model.slug in _slugs(name)


def _slugs(name: str) -> list[str]:
    """Return the slugs that a name can mean, the likelier one first.

    The second one has only the ASCII letters of the name: earlier versions made the slug of a model this way.
    """
    return [slug for slug in (slug_of(name), slugify(name)) if slug]
