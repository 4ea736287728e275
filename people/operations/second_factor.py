"""Operations on second factors: add, remove, check, and the recovery codes.

now: the moment by the clock of the computer, which the codes of an app depend on. `at` may be ahead of it, in
a sample whose time was moved.
"""

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people import events
from people.models import User
from people.operations import person, session
from people.queries import factors

MOST_PASSKEYS = 10
# Codes of the last and the next half minute are taken too: clocks of phones differ.
_TOLERANCE = 1
_UNREADABLE = (
    "The secret of this authenticator app cannot be read, because SECRET_KEY changed. "
    "Ask an administrator to remove the app."
)


@transaction.atomic
def add_app(user: User, secret: str, code: str, *, now: datetime, by: Actor, at: datetime) -> list[str]:
    """Add an authenticator app, which shows that it has the secret by a code.

    Returns recovery codes, if these are the first, else nothing. Raises Refused for a wrong code, and for a
    second app.
    """
    person.lock(user, None)
    if factors.app_of(user) is not None:
        raise Refused("You have an authenticator app already. Remove it first.", field="code")
    counter = _counter_of(secret, code, now)
    if counter is None:
        raise Refused(
            "This code is not right. Enter the one that the app shows now, "
            "and check that the clock of your phone is set automatically.",
            field="code",
        )
    added = TOTP.activate(user, secret).instance
    _keep(added, counter)
    return _added(user, added, by, at)


@transaction.atomic
def add_passkey(user: User, name: str, credential: dict[str, Any], *, by: Actor, at: datetime) -> list[str]:
    """Add a passkey that the browser made and the caller has verified.

    Returns recovery codes, if these are the first, else nothing. Raises Refused.
    """
    person.lock(user, None)
    if factors.passkeys_of(user).count() >= MOST_PASSKEYS:
        raise Refused(f"You have {MOST_PASSKEYS} passkeys. Remove one first.", field="name")
    name = _name_for_passkey(user, name)
    return _added(user, WebAuthn.add(user, name, credential).instance, by, at)


@transaction.atomic
def rename_passkey(user: User, passkey: Authenticator, name: str, *, by: Actor, at: datetime) -> None:
    """Give a passkey another name. The same name changes nothing. Raises Refused with the field."""
    person.lock(user, None)
    if passkey.type != Authenticator.Type.WEBAUTHN:
        raise Refused("Only passkeys have a name.", field="name")
    former = factors.name_of(passkey)
    name = _name_for_passkey(user, name, but=passkey)
    if name == former:
        return
    passkey.data = {**passkey.data, "name": name}
    passkey.save(update_fields=["data"])
    history.record(user, events.PasskeyRenamed(name=name, former=former), by=by, at=at)


@transaction.atomic
def remove(user: User, factor: Authenticator, *, by: Actor, at: datetime) -> None:
    """Remove a factor, by its person or, if it is lost, by an administrator. The last one ends the codes.

    An administrator ends the sessions of the person too: a lost device may be signed in. Raises Refused for
    the last factor of a person whose role needs one, except by an administrator.
    """
    person.lock(user, None)
    is_own = by.person is not None and by.person.pk == user.pk
    others = factors.of(user).exclude(pk=factor.pk).exists()
    if is_own and not others and factors.is_demanded(user):
        raise Refused("Your role needs a second factor. Add another one first.")
    payload = events.FactorRemoved(kind=factor.type, name=factors.name_of(factor))
    if not factor.delete()[0]:
        return
    if not others:
        Authenticator.objects.filter(user=user).delete()
    if not is_own:
        session.forget_all(user, at=at)
    history.record(user, payload, by=by, at=at)


@transaction.atomic
def new_codes(user: User, *, by: Actor, at: datetime) -> list[str]:
    """Return new recovery codes. The earlier ones no longer work. Raises Refused without a factor."""
    person.lock(user, None)
    if not factors.has_one(user):
        raise Refused("Add an authenticator app or a passkey first.")
    codes = _make_codes(user)
    history.record(user, "people.recovery_codes_made", by=by, at=at)
    return codes


@transaction.atomic
def use_code(user: User, code: str, *, now: datetime, by: Actor, at: datetime) -> Authenticator | None:
    """Return the factor that the code is of, None for a wrong one. A code works once.

    Raises Refused if the secrets cannot be read any more.
    """
    code = "".join(code.split())
    person.lock(user, None)  # so that two who send one code at the same moment are not both let in
    try:
        return _use_app(user, code, now) or _use_recovery_code(user, code, by, at)
    except ValueError:
        raise Refused(_UNREADABLE, field="code") from None


def _name_for_passkey(user: User, name: str, *, but: Authenticator | None = None) -> str:
    """Return the name without extra spaces. Raises Refused if it is empty or of another passkey."""
    name = " ".join(name.split())[:80]
    if not name:
        raise Refused("Enter a name, such as the device.", field="name")
    if name in {factors.name_of(passkey) for passkey in factors.passkeys_of(user) if passkey != but}:
        raise Refused("You have a passkey with this name. Use another name.", field="name")
    return name


def _use_app(user: User, code: str, now: datetime) -> Authenticator | None:
    app = factors.app_of(user)
    counter = _counter_of(decrypt(app.data["secret"]), code, now) if app else None
    if app is None or counter is None or counter <= app.data.get("last_counter", -1):
        return None
    _keep(app, counter, used_at=now)
    return app


def _use_recovery_code(user: User, code: str, by: Actor, at: datetime) -> Authenticator | None:
    found = factors.codes_of(user)
    if found is None or not RecoveryCodes(found).validate_code(code):
        return None
    left = factors.codes_left(user)
    history.record(user, events.RecoveryCodeUsed(left=left), by=by, at=at)
    return found


def _counter_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the half minute in which the app showed this code, None if it did not lately."""
    present = int(now.timestamp()) // settings.MFA_TOTP_PERIOD
    for counter in range(present - _TOLERANCE, present + _TOLERANCE + 1):
        if constant_time_compare("".join(code.split()), format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


def _keep(app: Authenticator, counter: int, *, used_at: datetime | None = None) -> None:
    """Keep which code was used, for all processes: allauth notes it in the cache of one."""
    app.data = {**app.data, "last_counter": counter}
    app.last_used_at = used_at
    app.save(update_fields=["data", "last_used_at"])


def _added(user: User, factor: Authenticator, by: Actor, at: datetime) -> list[str]:
    history.record(user, events.FactorAdded(kind=factor.type, name=factors.name_of(factor)), by=by, at=at)
    return [] if factors.codes_of(user) else _make_codes(user)


def _make_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    return RecoveryCodes.activate(user).generate_codes()
