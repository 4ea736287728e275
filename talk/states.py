"""The states of a comment and of a file, the steps between them, and the reactions to comments."""

from django.db.models import TextChoices


class CommentState(TextChoices):
    POSTED = "posted", "Posted"
    REMOVED = "removed", "Removed"


COMMENT_MOVES = {
    (CommentState.POSTED, CommentState.REMOVED): "talk.comment_removed",
    (CommentState.REMOVED, CommentState.POSTED): "talk.comment_restored",
}


class ReactionKind(TextChoices):
    """What a person can answer to a comment without words."""

    AGREE = "agree", "Agree"
    DISAGREE = "disagree", "Disagree"
    THANKS = "thanks", "Thanks"
    SEEN = "seen", "Seen"
    UNCLEAR = "unclear", "Unclear"


# The icon of each reaction (static/icons/names.txt).
REACTION_ICONS = {
    ReactionKind.AGREE: "thumb-up",
    ReactionKind.DISAGREE: "thumb-down",
    ReactionKind.THANKS: "heart-handshake",
    ReactionKind.SEEN: "eye",
    ReactionKind.UNCLEAR: "question-mark",
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
