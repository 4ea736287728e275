"""Who may read and change the matrix of risks and the appetites."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.matrix_view")
def may_view(user: User, matrix: Any) -> bool:
    return may_read(user)


@permission("risklog.matrix_change")
def may_change(user: User, matrix: Any) -> bool:
    """Return True for risk managers and administrators."""
    return may_write(user, Role.RISK_MANAGER)
