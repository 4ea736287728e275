"""The kind of object of this room."""

from catalogue.models import Model
from history.documents import Texts
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
        texts=Texts(body=("purpose",), names=("owner_team__name", "developer__name")),
    ),
)
