"""The kinds of objects of this room."""

from django.db.models import Q

from catalogue.models import (
    Alias,
    ChangeRequest,
    DecisionRight,
    Deployment,
    Model,
    Registry,
    Version,
    Workflow,
)
from history.documents import PartTexts, Texts
from kit.kinds import Kind, Page

KINDS = (
    Kind(
        Model,
        "Model",
        "Models",
        icon="cpu",
        page=Page("catalogue:model_by_id", "object_id"),
        permission="catalogue.view",
        watched_by=("developer_id",),
        search_rank=100,
        texts=Texts(
            body=("purpose",),
            names=("owner_team__name", "developer__name"),
            parts=(PartTexts(Alias, ("name",), only=Q(ended_at__isnull=True)),),
        ),
    ),
    Kind(
        Version,
        "Model version",
        "Model versions",
        icon="binary-tree",
        page=Page("catalogue:version_detail", "object_id"),
        permission="catalogue.view",
        search_rank=102,
        texts=Texts(body=("trigger", "data_set", "code"), names=("model__name",)),
    ),
    Kind(
        Workflow,
        "Workflow",
        "Workflows",
        icon="route",
        page=Page("catalogue:workflow_detail", "object_id"),
        permission="catalogue.view",
        watched_by=("owner_id",),
        search_rank=101,
        texts=Texts(body=("purpose",), names=("model__name", "owner__name")),
    ),
    Kind(
        Deployment,
        "Deployment",
        "Deployments",
        icon="rocket",
        page=Page("catalogue:deployment_detail", "object_id"),
        permission="catalogue.view",
        search_rank=103,
        texts=Texts(body=("note", "environment"), names=("model__name",)),
    ),
    Kind(
        Registry,
        "Model registry",
        "Model registries",
        icon="database",
        page=Page("catalogue:registry_detail", "object_id"),
        permission="catalogue.registry_view",
        watched_by=("owner_id",),
        search_rank=132,
        texts=Texts(names=("owner__name",)),
    ),
    Kind(
        DecisionRight,
        "Decision right",
        "Decision rights",
        icon="gavel",
        page=Page("catalogue:right_detail", "object_id"),
        permission="catalogue.right_view",
        watched_by=("person_id",),
        search_rank=105,
        texts=Texts(body=("why",), names=("person__name", "function__name", "model__name", "team__name")),
    ),
    Kind(
        ChangeRequest,
        "Change request",
        "Change requests",
        icon="git-pull-request",
        page=Page("catalogue:change_detail"),
        permission="catalogue.view",
        watched_by=("opened_by_id",),
        search_rank=55,
        texts=Texts(body=("details", "effect", "rollback", "risk"), names=("model__name", "opened_by__name")),
    ),
)
