"""Who may read and change the taxonomy."""

from typing import Any

from kit.rights import permission
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.category_view")
def may_view(user: Any, category: Any) -> bool:
    return may_read(user)


@permission("risklog.category_change")
def may_change(user: Any, category: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)
