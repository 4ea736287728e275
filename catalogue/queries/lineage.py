"""The lineage of a model: what its data comes from, which versions were made from what, and who uses it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from catalogue.lineage import Node
from catalogue.models import Dependency, Model, Version
from kit.sight import Visitor

# The newest versions that are drawn.
MOST_VERSIONS = 60
KINDS = {
    "source": "Source",
    "data_set": "Data set",
    "version": "Version",
    "model": "Model",
}


@dataclass(frozen=True, slots=True)
class Link:
    """That `end` comes from `start`."""

    start: Node
    end: Node


@dataclass(frozen=True, slots=True)
class Lineage:
    """Nodes and links. total: the number of versions; more than MOST_VERSIONS are not drawn."""

    nodes: Sequence[Node]
    links: Sequence[Link]
    total: int = 0

    @property
    def edges(self) -> list[tuple[str, str]]:
        return [(link.start.key, link.end.key) for link in self.links]


def of_versions(user: Visitor, model: Model) -> Lineage:
    """Return data sets and versions: which version was trained on which data and made from which one."""
    rows = Version.objects.visible_to(user).filter(model=model)
    newest = list(rows.order_by("-made_at", "-pk")[:MOST_VERSIONS])
    total = len(newest) if len(newest) < MOST_VERSIONS else rows.count()
    versions = {row.pk: _version(row) for row in reversed(newest)}
    data_sets = {
        row.data_set: Node(f"data:{row.data_set}", "data_set", row.data_set, KINDS["data_set"])
        for row in reversed(newest)
        if row.data_set
    }
    links = []
    for row in reversed(newest):
        if row.data_set:
            links.append(Link(data_sets[row.data_set], versions[row.pk]))
        if row.parent_id in versions:
            links.append(Link(versions[row.parent_id], versions[row.pk]))
    return Lineage([*versions.values(), *data_sets.values()], links, total)


def of_data(user: Visitor, model: Model) -> Lineage:
    """Return sources, upstream models, the model, and the models that use it, of those a reader sees."""
    own = _model(model)
    dependencies = Dependency.objects.filter(ended_at__isnull=True)
    seen = Model.objects.visible_to(user)
    upstream = dependencies.filter(model=model, upstream__in=seen).select_related("upstream__owner_team")
    downstream = dependencies.filter(upstream=model, model__in=seen).select_related("model__owner_team")
    sources = [Node(f"source:{name}", "source", name, KINDS["source"]) for name in model.inputs]
    before = [
        *sources,
        *(_model(row.upstream) for row in upstream.order_by("upstream__name__collated", "pk")),
    ]
    after = [_model(row.model) for row in downstream.order_by("model__name__collated", "pk")]
    links = [*(Link(node, own) for node in before), *(Link(own, node) for node in after)]
    nodes = {node.key: node for node in (*before, own, *after)}  # two models can use each other
    return Lineage(list(nodes.values()), links)


def _version(row: Version) -> Node:
    note = ", ".join([row.get_stage_display(), *row.aliases])
    return Node(
        f"version:{row.pk}", "version", row.name, note, reverse("catalogue:version_detail", args=[row.pk])
    )


def _model(row: Model) -> Node:
    owner = row.owner_team.name if row.owner_team else "No owner"
    return Node(
        f"model:{row.slug}", "model", row.name, owner, reverse("catalogue:model_detail", args=[row.slug])
    )
