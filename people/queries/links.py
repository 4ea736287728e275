"""The links that let a person in without a password: what they contain, and whether one is still good."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.http import base36_to_int

from people.models import Invitation, User

RESET_LIVES = timedelta(hours=2)


class _ResetTokens(PasswordResetTokenGenerator):
    """Tokens of links that reset a password: for two hours, and until the next sign-in or new password."""

    key_salt = "people.password_reset"

    def is_good(self, user: User, token: str) -> bool:
        """Return whether the token is of this user and not too old."""
        if not self.check_token(user, token):
            return False
        age = self._num_seconds(self._now()) - base36_to_int(token.split("-", maxsplit=1)[0])
        return age <= RESET_LIVES.total_seconds()


_RESETS = _ResetTokens()


def reset_token(user: User) -> str:
    return _RESETS.make_token(user)


def is_reset_good(user: User, token: str) -> bool:
    """Return whether a person may set a password with this token."""
    return user.is_active and _RESETS.is_good(user, token)


def reset_link(user: User, token: str) -> str:
    return settings.BASE_URL + reverse("people:reset_link", args=[user.pk, token])


def invitation_secret(nonce: str) -> str:
    """Return the secret of an invitation: computed, so that a dump of the database has none."""
    key = str(settings.SECRET_KEY).encode()
    return hmac.new(key, f"people.invitation:{nonce}".encode(), sha256).hexdigest()


def invitation_link(invitation: Invitation) -> str:
    return settings.BASE_URL + reverse("people:invited", args=[invitation_secret(invitation.nonce)])


def invited(secret: str, *, at: datetime) -> Invitation | None:
    """Return the open invitation with this secret, None without one."""
    rows = Invitation.objects.select_related("subject", "function", "invited_by")
    return rows.filter(secret_hash=sha256(secret.encode()).digest()).open(at).first()
