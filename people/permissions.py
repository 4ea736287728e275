"""What roles and token scopes allow; rooms build their predicates on these three."""

from typing import Any

from django.http import HttpRequest

from kit.rights import permission
from people.models import User
from people.states import Role, TokenScope


def may_read(user: User) -> bool:
    """Any active person; a token unless it may only push signals."""
    return getattr(user, "token_scope", TokenScope.WRITE) != TokenScope.INGEST


def may_write(user: User, role: Role = Role.MEMBER) -> bool:
    """A person of at least this role, on a page or by a token that may write."""
    return getattr(user, "token_scope", TokenScope.WRITE) == TokenScope.WRITE and user.is_at_least(role)


def may_ingest(user: User) -> bool:
    """A member, or a token made to push signals."""
    return getattr(user, "token_scope", TokenScope.WRITE) in {
        TokenScope.INGEST,
        TokenScope.WRITE,
    } and user.is_at_least(Role.MEMBER)


@permission("people.signed_in")
def is_signed_in(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("people.administrate")
def may_administrate(user: User, obj: Any) -> bool:
    return may_write(user, Role.ADMINISTRATOR)


# ------------------------------------------------------------------ people


@permission("people.person_view")
def may_view_people(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("people.account")
def may_keep_account(user: User, obj: Any) -> bool:
    """One's own name, password and tokens: on a page only, so that no token begets another."""
    return not hasattr(user, "token_scope")


@permission("people.token_revoke")
def may_revoke_token(user: User, obj: Any) -> bool:
    if hasattr(user, "token_scope"):
        return False
    return obj is None or obj.user_id == user.pk or user.is_at_least(Role.ADMINISTRATOR)


@permission("people.team_change")
def may_change_team(user: User, obj: Any) -> bool:
    """Who belongs to a team: administrators, and the team's lead."""
    if user.is_at_least(Role.ADMINISTRATOR):
        return may_write(user, Role.ADMINISTRATOR)
    return obj is not None and obj.lead_id == user.pk and may_write(user)


@permission("people.team_view")
def may_view_teams(user: User, obj: Any) -> bool:
    return may_read(user)


class SignedInRequest(HttpRequest):
    """The request of a view whose permission needs a person: kit.rights.view_needs has checked it."""

    user: User
