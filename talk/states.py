"""The states of a comment and of a file, and the steps between them."""

from django.db.models import TextChoices


class CommentState(TextChoices):
    POSTED = "posted", "Posted"
    REMOVED = "removed", "Removed"


COMMENT_MOVES = {
    (CommentState.POSTED, CommentState.REMOVED): "talk.comment_removed",
    (CommentState.REMOVED, CommentState.POSTED): "talk.comment_restored",
}


class FileState(TextChoices):
    """A removed file can be restored until its content is deleted."""

    ATTACHED = "attached", "Attached"
    REMOVED = "removed", "Removed"
    DELETED = "deleted", "Deleted"


FILE_MOVES = {
    (FileState.ATTACHED, FileState.REMOVED): "talk.file_removed",
    (FileState.REMOVED, FileState.ATTACHED): "talk.file_restored",
    (FileState.REMOVED, FileState.DELETED): "talk.file_deleted",
}
