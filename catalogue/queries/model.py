"""Queries of models."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from catalogue.models import Alias, Dependency, Model
from catalogue.queries import validation
from catalogue.slugs import name_key, slugs_of_name
from history.models import RecordedQuerySet
from kit.sight import Visitor
from lists.collation import BY_NAME
from people.slugs import slug_of

MAX_OFFERED = 500


def models() -> RecordedQuerySet[Model]:
    """Return all models by name, with owner team and developer. Callers add `.visible_to(user)`."""
    return Model.objects.select_related("subject", "owner_team__lead", "developer").order_by(*BY_NAME)


def with_details(user: Visitor) -> RecordedQuerySet[Any]:
    """Return models() with what the page of one shows besides, without a further query.

    alias_names: texts. upstream_models, downstream_models: {"slug", "name", "tier"} of visible models.
    validation_facts: for queries.validation.lines_of().
    """
    named = Alias.objects.filter(model=OuterRef("pk"), ended_at__isnull=True)
    return (
        models()
        .select_related("validator")
        .annotate(
            alias_names=ArraySubquery(named.order_by("key").values("name")),
            upstream_models=_linked(user, of="model", named="upstream"),
            downstream_models=_linked(user, of="upstream", named="model"),
            validation_facts=validation.facts(user),
        )
    )


def _linked(user: Visitor, *, of: str, named: str) -> ArraySubquery:
    links = Dependency.objects.filter(**{of: OuterRef("pk")}, ended_at__isnull=True)
    seen = links.filter(**{f"{named}__in": Model.objects.visible_to(user)})
    facts = {name: f"{named}__{name}" for name in ("slug", "name", "tier")}
    return ArraySubquery(seen.order_by(f"{named}__name", "pk").values(facts=JSONObject(**facts)))


def sources_of(model_id: int) -> set[int]:
    """Return the ids of a model and of all models that it takes its input from, also through others."""
    found, newest = {model_id}, {model_id}
    while newest:
        rows = Dependency.objects.filter(model__in=newest, ended_at__isnull=True)
        newest = set(rows.order_by().values_list("upstream_id", flat=True)) - found
        found |= newest
    return found


def upstream_slugs(user: Visitor) -> ArraySubquery:
    """Return the slugs of the visible upstream models of a row, for .annotate()."""
    links = Dependency.objects.filter(model=OuterRef("pk"), ended_at__isnull=True)
    seen = links.filter(upstream__in=Model.objects.visible_to(user))
    return ArraySubquery(seen.order_by("upstream__slug").values("upstream__slug"))


def aliases() -> RecordedQuerySet[Alias]:
    """Return the aliases in use. Callers add `.visible_to(user)`."""
    rows = Alias.objects.filter(ended_at__isnull=True)
    return rows.select_related("model__subject", "model__owner_team")


def models_called(names: Iterable[str]) -> dict[str, Model]:
    """Return name -> model for names that tools use, without names that are not registered. One query.

    A name matches the model with this alias, else the one whose slug equals it, ignoring case and
    punctuation. Retired models are included.
    """
    wanted = {name: name_key(name) for name in names if name}
    keys = {key for key in wanted.values() if key}
    slugs = {name: slugs_of_name(name) for name in wanted}
    distinct = {slug for several in slugs.values() for slug in several}
    if not distinct and not keys:
        return {}
    in_use = Alias.objects.filter(ended_at__isnull=True, key__in=keys)
    found = (
        Model.objects.filter(Q(slug__in=distinct) | Q(pk__in=in_use.values("model")))
        .annotate(keys=ArraySubquery(in_use.filter(model=OuterRef("pk")).values("key")))
        .select_related("subject")
    )
    by_slug, by_key = {}, {}
    for model in found:
        by_slug[model.slug] = model
        by_key.update(dict.fromkeys(model.keys, model))
    matches = {
        name: by_key.get(key) or next((by_slug[slug] for slug in slugs[name] if slug in by_slug), None)
        for name, key in wanted.items()
    }
    return {name: model for name, model in matches.items() if model is not None}


def is_called(model: Model, name: str) -> bool:
    """Return True if a name that a tool uses is one of this model. One query."""
    found = models_called([name]).get(name)
    return found is not None and found.pk == model.pk


def likely_models(user: Visitor, names: Iterable[str]) -> dict[str, Model]:
    """Return name -> the visible model whose name or slug shares most words with it. One query.

    At least half of the words of both must be the same. Other scripts are compared as slugs in ASCII.
    """
    models = [(model, _words(model.name) | _words(model.slug)) for model in models_by_name(user)]
    likely = {}
    for name in names:
        words = _words(name)
        scored = [(len(words & own) / len(words | own), model) for model, own in models if words & own]
        best = max(scored, key=lambda pair: pair[0], default=None)
        if best and best[0] >= 0.5:
            likely[name] = best[1]
    return likely


def models_by_name(user: Visitor) -> list[Model]:
    """Return the first models by name that are not retired, as many as a form can offer."""
    return list(models().visible_to(user).filter(subject__is_retired=False)[:MAX_OFFERED])


def _words(name: str) -> set[str]:
    return set(name_key(slug_of(name)).split("-"))
