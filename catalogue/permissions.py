"""Who may see, register and change models."""

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
