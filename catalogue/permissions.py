"""Who may see, register and change models, and who may assign decision rights."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("catalogue.view")
def may_view(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("catalogue.model_add")
def may_add(user: User, obj: Any) -> bool:
    return may_write(user)


@permission("catalogue.model_change")
def may_change(user: User, obj: Any) -> bool:
    """Return True for risk managers, the developer and members of the owning team."""
    if not may_write(user):
        return False
    if obj is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return obj.developer_id == user.pk or obj.owner_team_id in user.team_ids


@permission("catalogue.right_view")
def may_view_rights(user: User, right: Any) -> bool:
    """Return True for everyone: people must know who decides. visible_to() hides those of hidden models."""
    return may_read(user)


@permission("catalogue.right_assign")
def may_assign_rights(user: User, right: Any) -> bool:
    """Return True for risk managers: nobody else gives a right, also not the one who holds it."""
    return may_write(user, Role.RISK_MANAGER)
