"""The states of a saved view and the moves between them."""

from django.db.models import TextChoices


class ViewState(TextChoices):
    ACTIVE = "active", "Active"
    DELETED = "deleted", "Deleted"


MOVES = {
    (ViewState.ACTIVE, ViewState.DELETED): "saved.view_deleted",
    (ViewState.DELETED, ViewState.ACTIVE): "saved.view_restored",
}
