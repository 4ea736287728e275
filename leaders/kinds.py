"""The kind of object of this room."""

from history.documents import Texts
from kit.kinds import Kind, Page
from leaders.models import Goal

KINDS = (
    Kind(
        Goal,
        "Goal",
        "Goals",
        icon="target-arrow",
        page=Page("leaders:goal_detail", "object_id"),
        permission="leaders.goal_view",
        watched_by=("owner_id",),
        search_rank=97,
        texts=Texts(body=("reason",), names=("owner__name", "team__name")),
    ),
)
