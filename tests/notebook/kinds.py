"""The kind of this room."""

from kit.kinds import Kind, Page
from tests.notebook.models import Note

KINDS = (
    Kind(
        Note,
        "Note",
        "Notes",
        icon="pencil",
        page=Page("notebook:note_detail"),
        permission="notebook.note_view",
        search_rank=900,
    ),
)
