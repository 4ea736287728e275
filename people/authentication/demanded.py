"""Whether a person lacks the second factor that their role needs (RISKHUB_SECOND_FACTOR)."""

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

from people.models import User
from people.queries import factors

_KNOWN = "has_factor"
ADVICE = "Your role needs a second factor. Add one under Account, Sign-in and security."
# What such a person may do: add one, end sessions, or leave.
ALLOWED = frozenset(
    {
        "people:security",
        "people:app_add",
        "people:passkey_add",
        "people:session_end",
        "people:sessions_end_others",
        "people:confirm",
        "people:codes_make",
        "people:sign_out",
        "appearance",
    }
)


def is_missing(request: HttpRequest) -> bool:
    """Return whether the signed-in person must add a factor first.

    The session keeps the role for which they have one, so only its first request asks the database.
    """
    user = request.user
    if not settings.SECOND_FACTOR_ROLES or not isinstance(user, User) or not factors.is_demanded(user):
        return False
    if request.session.get(_KNOWN) == user.role:
        return False
    if not factors.has_one(user) and not _is_from_provider(request, user):
        return True
    request.session[_KNOWN] = user.role
    return False


def forget(request: HttpRequest) -> None:
    """Let the next request ask the database again: the person removed a factor."""
    request.session.pop(_KNOWN, None)


def _is_from_provider(request: HttpRequest, user: User) -> bool:
    """Return whether a provider that asks for a factor of its own signed the person in, in this session."""
    trusted = {one.id for one in settings.OIDC_PROVIDERS.values() if not one.needs_factor}
    records = get_authentication_records(request, user)
    return any(one["method"] == "socialaccount" and one.get("provider") in trusted for one in records)
