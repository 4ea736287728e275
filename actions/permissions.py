"""Who may see, create and change actions."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("actions.action_view")
def may_view(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("actions.action_add")
def may_add(user: User, obj: Any) -> bool:
    return may_write(user, Role.MEMBER)


@permission("actions.action_change")
def may_change(user: User, obj: Any) -> bool:
    """Return True for the owner, members of the owner's teams and risk managers.

    Every member may change an action without an owner, or whose owner is deactivated.
    """
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    if obj.owner_id in (None, user.pk) or may_write(user, Role.RISK_MANAGER) or not obj.owner.is_active:
        return True
    return any(membership.team_id in user.team_ids for membership in obj.owner.memberships.all())
