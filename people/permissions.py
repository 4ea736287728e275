"""What roles and token scopes allow; rooms build their predicates on these three."""

from typing import Any

from kit.rights import permission
from people.states import Role, Scope


def may_read(user: Any) -> bool:
    """Any active person; a token unless it may only push signals."""
    return getattr(user, "token_scope", Scope.WRITE) != Scope.INGEST


def may_write(user: Any, role: Role = Role.MEMBER) -> bool:
    """A person of at least this role, on a page or by a token that may write."""
    return getattr(user, "token_scope", Scope.WRITE) == Scope.WRITE and user.is_at_least(role)


def may_ingest(user: Any) -> bool:
    """A member, or a token made to push signals."""
    return getattr(user, "token_scope", Scope.WRITE) in {Scope.INGEST, Scope.WRITE} and user.is_at_least(Role.MEMBER)


@permission("people.signed_in")
def is_signed_in(user: Any, obj: Any) -> bool:
    return may_read(user)


@permission("people.administrate")
def may_administrate(user: Any, obj: Any) -> bool:
    return may_write(user, Role.ADMINISTRATOR)
