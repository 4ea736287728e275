"""Who may see, save, share and change views of lists. visible_to() hides those that are not shared."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("saved.view_view")
def may_view(user: User, view: Any) -> bool:
    return may_read(user)


@permission("saved.view_add", for_people=True)
def may_add(user: User, view: Any) -> bool:
    """Return True for every person: a view is their own setting until they share it."""
    return may_write(user, Role.VIEWER)


@permission("saved.view_share", for_people=True)
def may_share(user: User, view: Any) -> bool:
    """Return True for members. Viewers save views for themselves."""
    return may_write(user)


@permission("saved.view_change", for_people=True)
def may_change(user: User, view: Any) -> bool:
    """Return True for the owner, and for administrators if the view is shared."""
    if view is None or view.owner_id == user.pk:
        return may_add(user, view)
    return view.is_shared and may_write(user, Role.ADMINISTRATOR)


@permission("saved.view_subscribe", for_people=True)
def may_subscribe(user: User, view: Any) -> bool:
    """Return True for every person, for the views that they may see."""
    return may_write(user, Role.VIEWER)
