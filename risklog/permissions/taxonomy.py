"""Who may read and change the taxonomy."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.category_view")
def may_view(user: User, category: Any) -> bool:
    return may_read(user)


@permission("risklog.category_change")
def may_change(user: User, category: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)
