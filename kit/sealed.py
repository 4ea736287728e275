"""Texts that the database keeps but that a dump of it must not give away: sealed with a key from SECRET_KEY.

Sealed are the secrets of authenticator apps and recovery codes, and the links in kept mails. Without
SECRET_KEY, which no backup has, they cannot be read.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_PURPOSE = b"riskhub.sealed:"


def seal(text: str) -> str:
    """Return the text in a form that only this installation can read."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the text. Raises ValueError if it was sealed with another SECRET_KEY, or changed."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ValueError("It was sealed with another SECRET_KEY. Set that one again.") from None


def _box() -> MultiFernet:
    keys = [str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet([Fernet(_key_from(key)) for key in keys])


def _key_from(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + secret.encode()).digest())
