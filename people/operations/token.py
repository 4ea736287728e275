"""API tokens: issued once, shown once, stored as a hash, rotated, revoked at once."""

import hashlib
import secrets
import string
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people.models import Token, User
from people.states import Role, TokenScope

LONGEST = 365
LONGEST_OVERLAP = 7
_LETTERS = string.ascii_lowercase + string.digits
# Last use is noted at most this often, so that a busy token costs no write a request.
_NOTED_EVERY = timedelta(minutes=1)


def hash_of(secret: str) -> bytes:
    """Return the stored hash of a secret. A secret of 256 random bits needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def rename(token: Token, *, name: str, by: Actor, at: datetime, seen: int | None = None) -> Token:
    """Give a token another name. Its secret stays. Raises Refused with the field, ChangedMeanwhile."""
    values = {"name": _checked_name(name)}
    if history.change(token, values, by=by, at=at, seen=seen, verb="people.token_changed"):
        history.retitle(token)
    return token


@transaction.atomic
def issue(
    user: User, *, name: str, scope: str = TokenScope.READ, days: int = 90, by: Actor, at: datetime
) -> tuple[Token, str]:
    """Create a token. Returns it with its text `rh_<prefix>_<secret>`, which is never available again.

    Only its owner sees the token and its history. Raises Refused for the name, scope, days or owner.
    """
    name = _checked_name(name)
    if scope not in TokenScope.values:
        raise Refused(f"Use one of {', '.join(TokenScope.values)}.", field="scope")
    _check_days(days)
    if not user.is_active:
        raise Refused("This account is deactivated. Choose an active one.", field="user")
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
    return token, _text(token, secret)


@transaction.atomic
def rotate(
    token: Token,
    *,
    days: int | None = None,
    overlap_days: int = 1,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> str:
    """Give a token a new secret. Returns its text, which is never available again.

    days: until it expires, from now on; None keeps the date. overlap_days: how long the old secret works
    beside the new one. The secret before that one ends at once. Only without overlap
    does a token that was taken over count as renewed. Raises Refused, ChangedMeanwhile.
    """
    if token.state(at) != "live":
        raise Refused(f"This token is {token.state(at)}. Create a new one.")
    if not token.user.is_active:
        raise Refused("The owner of this token is deactivated. Create a token for somebody else.")
    if days is not None:
        _check_days(days)
    if not 0 <= overlap_days <= LONGEST_OVERLAP:
        raise Refused(f"Enter 0 to {LONGEST_OVERLAP} days.", field="overlap_days")
    if by.token is not None and by.token.pk == token.pk and days is not None:
        raise Refused("A token keeps its date when it rotates itself. Leave days out.", field="days")
    secret = secrets.token_hex(32)
    values = {
        "secret_hash": hash_of(secret),
        "former_hash": bytes(token.secret_hash) if overlap_days else None,
        "former_until": min(at + timedelta(days=overlap_days), token.expires_at) if overlap_days else None,
        "expires_at": token.expires_at if days is None else at + timedelta(days=days),
        "moved_at": token.moved_at if overlap_days else None,
    }
    history.change(token, values, by=by, at=at, seen=seen, verb="people.token_rotated")
    return _text(token, secret)


@transaction.atomic
def revoke(token: Token, *, by: Actor, at: datetime, seen: int | None = None) -> Token:
    """End a token at once, with both its secrets. Revoking it again changes nothing."""
    if token.revoked_at is None:
        history.change(token, {"revoked_at": at}, by=by, at=at, seen=seen, verb="people.token_revoked")
    return token


@transaction.atomic
def revoke_all(user: User, *, by: Actor, at: datetime) -> int:
    """End all tokens of a person at once. Returns how many were live."""
    return len(_end(user.tokens.select_related("subject"), by=by, at=at))


def move(token: Token, to: User, *, by: Actor, at: datetime) -> Token:
    """Give the token of a person to a service account, so that it does not end with the person."""
    values = {"user": to, "moved_at": at}
    history.change(token, values, by=by, at=at, verb="people.token_moved")
    return token


def _end(tokens: Iterable[Token], *, by: Actor, at: datetime) -> list[Token]:
    live = [token for token in tokens if token.state(at) == "live"]
    values = {"revoked_at": at}
    history.change_many([(one, values) for one in live], by=by, at=at, verb="people.token_revoked")
    return live


def note_use(token: Token, *, at: datetime) -> None:
    """Note the last use, at most once a minute. It is no event: history omits it."""
    if token.last_used_at is None or token.last_used_at < at - _NOTED_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=at)
        token.last_used_at = at


def state_of(row: Mapping[str, Any], at: datetime) -> str:
    """Return the state of a row of .values(), as Token.state() does."""
    return Token(expires_at=row["expires_at"], revoked_at=row["revoked_at"]).state(at)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise Refused("Enter a name of 1 to 80 characters.", field="name")
    return name


def _check_days(days: int) -> None:
    if not 1 <= days <= LONGEST:
        raise Refused(f"Enter 1 to {LONGEST} days.", field="days")


def is_former(token: Token, text: str) -> bool:
    """Return whether `text` has the secret that a rotation replaced. text: of this token."""
    return hash_of(text.rpartition("_")[2]) != bytes(token.secret_hash)


def _text(token: Token, secret: str) -> str:
    return f"rh_{token.prefix}_{secret}"
