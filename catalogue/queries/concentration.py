"""Concentration: on which inputs most models depend, directly and through other models."""

from collections import defaultdict
from dataclasses import dataclass

from catalogue.models import Dependency, Model
from catalogue.states import Tier
from kit.sight import Visitor
from lists.collation import sort_key

SHOWN = 100
_HIGH = frozenset({Tier.ONE, Tier.TWO})


@dataclass(frozen=True, slots=True)
class Input:
    """A data source, or a model whose output others take.

    slug: of the model, "" for a data source. direct: number of models that take it. total: of models that
    depend on it, through others too. high_tier: how many of these have tier 1 or 2.
    """

    name: str
    slug: str
    direct: int
    total: int
    high_tier: int


def inputs(user: Visitor) -> list[Input]:
    """Return the inputs of the visible models that are not retired, the most used first. Two queries."""
    rows_of_models = Model.objects.visible_to(user).filter(subject__is_retired=False)
    needed = rows_of_models.only("name", "slug", "tier", "inputs")
    models = {model.pk: model for model in needed.order_by("pk")}
    dependents: dict[int, set[int]] = defaultdict(set)
    links = Dependency.objects.filter(
        ended_at__isnull=True, model__in=list(models), upstream__in=list(models)
    )
    for model_id, upstream_id in links.values_list("model_id", "upstream_id"):
        dependents[upstream_id].add(model_id)
    sources: dict[str, set[int]] = defaultdict(set)
    for model in models.values():
        for name in model.inputs:
            sources[name].add(model.pk)
    rows = [_input(name, "", direct, dependents, models) for name, direct in sources.items()] + [
        _input(models[key].name, models[key].slug, direct, dependents, models)
        for key, direct in dependents.items()
    ]
    return sorted(rows, key=lambda row: (-row.total, -row.high_tier, -row.direct, sort_key(row.name)))


def _input(
    name: str, slug: str, direct: set[int], dependents: dict[int, set[int]], models: dict[int, Model]
) -> Input:
    reached = _reached(direct, dependents)
    high = sum(models[key].tier in _HIGH for key in reached)
    return Input(name, slug, len(direct), len(reached), high)


def _reached(direct: set[int], dependents: dict[int, set[int]]) -> set[int]:
    """Return the models that are reached from these, each once, also where models depend on each other."""
    reached, waiting = set(direct), list(direct)
    while waiting:
        new = dependents.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    return reached
