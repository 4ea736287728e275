"""Snapshots: the rows, and what each reader may see of them."""

from typing import Any

from django.db.models import QuerySet

from history.models import Subject
from history.queries import show
from kit.sight import Visitor
from people.models import User
from signals.models import Snapshot
from signals.queries import picture

PANEL_SIZE = 10


def snapshots(user: Visitor) -> QuerySet[Snapshot]:
    """Return the snapshots that this reader may see, latest first."""
    return (
        Snapshot.objects.visible_to(user)
        .select_related("subject", "dashboard", "pinned_to", "author")
        .defer("pictures")
        .order_by("-id")
    )


def pictures_of(user: Visitor, snapshot: Snapshot) -> list[picture.Picture]:
    """Return the pictures, without the parts that the reader may not see. One or two queries."""
    return picture.visible_parts(user, snapshot.pictures)


def pinned_to(user: User, subject: Subject) -> list[Snapshot]:
    """Return the latest snapshots that are pinned to a subject."""
    return list(snapshots(user).filter(pinned_to=subject)[:PANEL_SIZE])


def panel(user: User, obj: Any) -> list[Snapshot] | None:
    """Return the panel of the snapshots pinned to an object, None if there are none."""
    return pinned_to(user, obj.subject) or None


def with_pins(user: Visitor, rows: list[Snapshot]) -> list[Snapshot]:
    """Set `shown_pinned_to` of each snapshot: None where the reader may not see it."""
    return list(show(user, rows, "pinned_to"))
