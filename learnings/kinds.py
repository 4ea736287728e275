"""The kind of this room."""

from kit.kinds import Kind, Page, Texts
from learnings.models import Learning

KINDS = (
    Kind(
        Learning,
        "Learning",
        "Learnings",
        icon="bulb",
        page=Page("learnings:learning_detail"),
        permission="learnings.learning_see",
        search_rank=90,
        texts=Texts(
            body=("seen", "to_monitor", "to_adjust", "how_to_check", "governance"),
            tags=("tags",),
            names=("author__name",),
        ),
    ),
)
