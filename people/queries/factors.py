"""The second factors of people: an authenticator app, passkeys, and codes for when these are lost."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import QuerySet

from people.models import User

_SECOND = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
APP = "Authenticator app"
CODES = "Recovery codes"


def of(user: User) -> QuerySet[Authenticator]:
    """Return the authenticator app and the passkeys of a person, oldest first."""
    return Authenticator.objects.filter(user=user, type__in=_SECOND).order_by("pk")


def has_one(user: User) -> bool:
    return of(user).exists()


def name_of(factor: Authenticator) -> str:
    """Return what a factor is called on pages, in events and in mails."""
    if factor.type == Authenticator.Type.WEBAUTHN:
        return str(factor.data.get("name") or "Passkey")
    return APP if factor.type == Authenticator.Type.TOTP else CODES


def passkeys_of(user: User) -> QuerySet[Authenticator]:
    """Return the passkeys of a person, oldest first."""
    return of(user).filter(type=Authenticator.Type.WEBAUTHN)


def app_of(user: User) -> Authenticator | None:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()


def codes_of(user: User) -> Authenticator | None:
    """Return the recovery codes of a person, None without any."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()


def codes_left(user: User) -> int:
    """Return how many recovery codes of a person are unused."""
    found = codes_of(user)
    return settings.MFA_RECOVERY_CODE_COUNT - found.data["used_mask"].bit_count() if found else 0


def is_demanded(user: User) -> bool:
    """Return whether the role of a person needs a second factor (RISKHUB_SECOND_FACTOR)."""
    return user.role in settings.SECOND_FACTOR_ROLES
