"""The kind of this room."""

from kit.kinds import Kind, Page
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
    ),
)
