"""Who may read, fill in and change templates."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.template_view")
def may_view(user: User, template: Any) -> bool:
    return may_read(user)


@permission("risklog.template_change")
def may_change(user: User, template: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)


@permission("risklog.template_fill")
def may_fill(user: User, filled: Any) -> bool:
    """Return True for members, and for a filled one for its author and risk managers."""
    if not may_write(user):
        return False
    return filled is None or filled.author_id == user.pk or user.is_at_least(Role.RISK_MANAGER)
