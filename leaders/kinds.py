"""The kinds of objects of this room."""

from history.documents import Texts
from kit.kinds import Kind, NoPage, Page
from leaders.models import Allotment, Goal

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
    Kind(
        Allotment,
        "Allotted hours",
        "Allotted hours",
        icon="hourglass",
        page=NoPage("the executive page"),
        permission="leaders.allotment_view",
        is_discussed=False,
    ),
)
