"""Reading the inventory."""

from collections.abc import Iterable

from django.utils.text import slugify

from catalogue.models import Model
from history.models import RecordedQuerySet


def models() -> RecordedQuerySet[Model]:
    """All models by name, with owner team and developer; the reader's share is `.visible_to(user)`."""
    return Model.objects.select_related("subject", "owner_team", "developer").order_by("name", "id")


def models_called(names: Iterable[str]) -> dict[str, Model]:
    """The models behind the names that tools use, by name; a name nobody registered is left out.

    A name means the model whose slug it is, give or take case and punctuation. One query.
    """
    slugs = {name: slugify(name) for name in names if name}
    wanted = {slug for slug in slugs.values() if slug}
    if not wanted:
        return {}
    found = {model.slug: model for model in Model.objects.filter(slug__in=wanted).select_related("subject")}
    return {name: found[slug] for name, slug in slugs.items() if slug in found}


def is_called(model: Model, name: str) -> bool:
    """Whether a tool's name means this model."""
    return slugify(name) == model.slug
