"""API tokens: issued once, shown once, stored as a hash, revoked at once."""

import hashlib
import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people.models import Token, User
from people.states import Role, TokenScope

LONGEST = 365
_LETTERS = string.ascii_lowercase + string.digits
# Last use is noted at most this often, so that a busy token costs no write a request.
_NOTED_EVERY = timedelta(minutes=1)


def hash_of(secret: str) -> bytes:
    """Return the stored hash of a secret. A secret of 256 random bits needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def issue(
    user: User, *, name: str, scope: str = TokenScope.READ, days: int = 90, by: Actor, at: datetime
) -> tuple[Token, str]:
    """Create a token. Returns it with its text `rh_<prefix>_<secret>`, which is never available again.

    Only its owner sees the token and its history. Raises Refused for the name, scope, days or owner.
    """
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise Refused("Enter a name of 1 to 80 characters.", field="name")
    if scope not in TokenScope.values:
        raise Refused(f"Use one of {', '.join(TokenScope.values)}.", field="scope")
    if not 1 <= days <= LONGEST:
        raise Refused(f"Enter 1 to {LONGEST} days.", field="days")
    if not user.is_active:
        raise Refused("This person is deactivated. Choose an active person.", field="user")
    if scope != TokenScope.READ and not user.is_at_least(Role.MEMBER):
        raise Refused("Viewers can create read-only tokens. Choose the scope read.", field="scope")
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(10))
    secret = secrets.token_hex(32)
    token = Token(
        user=user,
        name=name,
        prefix=prefix,
        secret_hash=hash_of(secret),
        scope=scope,
        expires_at=at + timedelta(days=days),
    )
    history.record(token, "people.token_issued", by=by, at=at, viewers=[user.subject_id])
    return token, f"rh_{prefix}_{secret}"


def revoke(token: Token, *, by: Actor, at: datetime) -> Token:
    """End a token at once. Revoking it again changes nothing."""
    if token.revoked_at is None:
        history.change(token, {"revoked_at": at}, by=by, at=at, verb="people.token_revoked")
    return token


def note_use(token: Token, *, at: datetime) -> None:
    """Note the last use, at most once a minute. It is no event: history omits it."""
    if token.last_used_at is None or token.last_used_at < at - _NOTED_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=at)
        token.last_used_at = at
