"""The kind of object of this room."""

from actions.models import Action
from history.documents import Texts
from kit.kinds import Kind, Page

KINDS = (
    Kind(
        Action,
        "Action",
        "Actions",
        icon="checkbox",
        page=Page("actions:action_detail"),
        permission="actions.action_view",
        watched_by=("owner_id",),
        search_rank=50,
        texts=Texts(body=("details", "blocked_by"), names=("owner__name",)),
    ),
)
