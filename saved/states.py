"""The states of a saved view and the moves between them."""

from django.db.models import TextChoices


class ViewState(TextChoices):
    ACTIVE = "active", "Active"
    DELETED = "deleted", "Deleted"


class Pace(TextChoices):
    """When a subscriber of a view is told of a change."""

    NOW = "now", "At once, in the inbox"
    DIGEST = "digest", "In the weekly digest"


MOVES = {
    (ViewState.ACTIVE, ViewState.DELETED): "saved.view_deleted",
    (ViewState.DELETED, ViewState.ACTIVE): "saved.view_restored",
}
