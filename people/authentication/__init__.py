"""Authentication: password and session of pages; bearer token or session of API requests."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from kit import clock
from kit.prepared import Argument, Prepared
from people.authentication import demanded
from people.models import Token, User
from people.operations import token as token_operations
from people.queries.sight import reader_of, with_readers
from people.states import TokenScope

# Every page needs it.
_USER = Prepared(lambda: User.objects.with_sight().filter(pk=Argument("pk")))


class PasswordBackend(ModelBackend):
    """Sign-in with e-mail and password. Loads the user of a session together with their teams."""

    def get_user(self, user_id: int) -> User | None:
        user = _USER.first(pk=user_id)
        if user is None or not self.user_can_authenticate(user):
            return None
        user.is_sender = True
        return user


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer rh_<prefix>_<secret>`."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Send exactly one token: Authorization: Bearer <token>.")
        at = clock.now()
        token = find(parts[1].decode("latin-1"), at=at)
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        token_operations.note_use(token, at=at)
        token.user.token_scope, token.user.token_id = TokenScope(token.scope), token.pk
        token.user.has_former_secret = token_operations.is_former(token, parts[1].decode("latin-1"))
        token.user.is_sender = True
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="riskhub"'


class Session(SessionAuthentication):
    """The signed-in page's session, with CSRF."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        found = super().authenticate(request)
        if found is not None and demanded.is_missing(request._request):
            raise PermissionDenied(demanded.ADVICE)
        return found


# Every API request needs it.
_VALID_TOKEN = Prepared(
    lambda: (
        with_readers(Token.objects.all())
        .filter(
            Q(secret_hash=Argument("secret_hash"))
            | Q(former_hash=Argument("secret_hash"), former_until__gt=Argument("at")),
            prefix=Argument("prefix"),
            revoked_at__isnull=True,
            expires_at__gt=Argument("at"),
            user__is_active=True,
        )
        .order_by("pk")[:1]
    )
)


def find(text: str, *, at: Any) -> Token | None:
    """Return the valid token with this text, None without one. The secret is compared by its hash."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != "rh" or not text.isascii() or "\x00" in text:
        return None
    token = _VALID_TOKEN.first(prefix=parts[1], secret_hash=token_operations.hash_of(parts[2]), at=at)
    if token is not None:
        token.user = reader_of(token)
    return token
