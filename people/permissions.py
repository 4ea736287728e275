"""The rights of roles and token scopes. The permissions of all rooms use the three functions below."""

from typing import Any

from django.http import HttpRequest

from kit.rights import permission
from people.models import User
from people.states import Role, TokenScope


def may_read(user: User) -> bool:
    """Return True for any person, and for a token that may do more than push signals."""
    return getattr(user, "token_scope", TokenScope.WRITE) != TokenScope.INGEST


def may_write(user: User, role: Role = Role.MEMBER) -> bool:
    """Return True for a person of at least this role, on a page or with a token that may write."""
    return getattr(user, "token_scope", TokenScope.WRITE) == TokenScope.WRITE and user.is_at_least(role)


def may_ingest(user: User) -> bool:
    """Return True for a member on a page, or with a token that may push signals or write."""
    return getattr(user, "token_scope", TokenScope.WRITE) in {
        TokenScope.INGEST,
        TokenScope.WRITE,
    } and user.is_at_least(Role.MEMBER)


@permission("people.signed_in")
def is_signed_in(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("people.administrate", for_people=True)
def may_administrate(user: User, obj: Any) -> bool:
    return may_write(user, Role.ADMINISTRATOR)


@permission("people.invitation_view")
def may_view_invitations(user: User, obj: Any) -> bool:
    """Allow administrators to see who is invited, with a token that may read, too."""
    return may_read(user) and user.is_at_least(Role.ADMINISTRATOR)


@permission("people.health_view")
def may_view_health(user: User, obj: Any) -> bool:
    """Allow administrators to see whether all processes do their work, with a token that may read, too."""
    return may_read(user) and user.is_at_least(Role.ADMINISTRATOR)


# ------------------------------------------------------------------ people


@permission("people.person_view")
def may_view_people(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("people.account", for_people=True)
def may_keep_account(user: User, obj: Any) -> bool:
    """Allow people to edit their own name, password and tokens, only on pages: tokens create no tokens."""
    return not hasattr(user, "token_scope")


@permission("people.me_change", for_people=True)
def may_change_me(user: User, obj: Any) -> bool:
    """Allow people to change their profile and end their sessions, with a token that may write, too."""
    return may_write(user, Role.VIEWER)


@permission("people.own_view", for_people=True)
def may_view_own(user: User, obj: Any) -> bool:
    """Allow people to read what only a person has, such as what they want to be told."""
    return may_read(user)


@permission("people.news_change", for_people=True)
def may_change_news(user: User, obj: Any) -> bool:
    """Allow people to choose what they want to be told, with a token that may write, too."""
    return may_write(user, Role.VIEWER)


@permission("people.hand_over", for_people=True)
def may_hand_over(user: User, obj: Any) -> bool:
    """Allow people to hand over their own work, and administrators that of others. obj: a person."""
    is_own = obj is None or obj.pk == user.pk
    return may_write(user, Role.MEMBER if is_own else Role.ADMINISTRATOR)


@permission("people.absence_change", for_people=True)
def may_change_absence(user: User, obj: Any) -> bool:
    """Allow people to change their own absences, and administrators those of others. obj: a person."""
    is_own = obj is None or obj.pk == user.pk
    return may_write(user, Role.VIEWER if is_own else Role.ADMINISTRATOR)


@permission("people.token_view")
def may_view_token(user: User, obj: Any) -> bool:
    """Allow people to see their own tokens, and administrators all of them. obj: a token."""
    return may_read(user) and _owns_token(user, obj)


@permission("people.token_rotate")
def may_rotate_token(user: User, obj: Any) -> bool:
    """Allow people to give their own tokens a new secret, and a token to give itself one. obj: a token.

    Administrators rotate those of service accounts, and of no other person: the answer has the secret, with
    which they would act as somebody else. A former secret gets no new one: whoever found it could go on.
    """
    if obj is None:
        return True
    if obj.user.is_service and may_write(user, Role.ADMINISTRATOR):
        return True
    is_own = obj.user_id == user.pk and getattr(user, "token_id", obj.pk) == obj.pk
    return is_own and not user.has_former_secret


@permission("people.token_revoke")
def may_revoke_token(user: User, obj: Any) -> bool:
    """Allow people to revoke their own tokens, and administrators all of them. obj: a token."""
    return may_write(user, Role.VIEWER) and _owns_token(user, obj)


def _owns_token(user: User, token: Any) -> bool:
    return token is None or token.user_id == user.pk or user.is_at_least(Role.ADMINISTRATOR)


@permission("people.team_change", for_people=True)
def may_change_team(user: User, obj: Any) -> bool:
    """Allow administrators and the lead of the team to change its members."""
    if user.is_at_least(Role.ADMINISTRATOR):
        return may_write(user, Role.ADMINISTRATOR)
    return obj is not None and obj.lead_id == user.pk and may_write(user)


@permission("people.team_view")
def may_view_teams(user: User, obj: Any) -> bool:
    return may_read(user)


class SignedInRequest(HttpRequest):
    """The request of a view whose permission needs a person: kit.rights.view_needs has checked it."""

    user: User
