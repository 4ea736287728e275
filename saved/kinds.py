"""The kind of object of this room."""

from kit.kinds import Kind, Page
from saved.models import SavedView

KINDS = (
    Kind(
        SavedView,
        "Saved view",
        "Saved views",
        icon="bookmark",
        page=Page("saved:view_open", "object_id"),
        permission="saved.view_view",
        is_discussed=False,
    ),
)
