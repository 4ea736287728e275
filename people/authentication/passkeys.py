"""Passkeys: what the browser answered, verified. Whatever is wrong with an answer, it is no passkey."""

import json
import struct
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django.core.exceptions import ValidationError

from people.models import User

_WRONG = (
    ValidationError, ValueError, KeyError, TypeError, AttributeError, IndexError, InvalidSignature,
    struct.error,
)  # fmt: skip


def creation_options(user: User) -> str:
    """Return what the browser needs to make a passkey, as JSON. It also signs in without a password."""
    return json.dumps(auth.begin_registration(user, passwordless=True))


def request_options(user: User | None = None) -> str:
    """Return what the browser needs to use a passkey, as JSON. None: of anybody who has one here."""
    return json.dumps(auth.begin_authentication(user))


def created(text: str) -> dict[str, Any] | None:
    """Return the credential that the browser made, if it answers the question of this session."""
    try:
        credential = json.loads(text)
        auth.parse_registration_response(credential)
        made = auth.complete_registration(credential)
    except _WRONG:
        return None
    return credential if made.is_user_verified() else None


def used(text: str, user: User | None = None) -> Authenticator | None:
    """Return the passkey that the browser used, if it answers the question of this session, once.

    user: whose it must be; None for whoever it says. None for a person who was deactivated.
    """
    try:
        answer = json.loads(text)
        said = auth.parse_authentication_response(answer).response.authenticator_data
        if user is None and not said.is_user_verified():
            return None  # without a password, the device must have asked for a PIN, a finger or a face
        person = user or auth.extract_user_from_response(answer)
        found = auth.complete_authentication(person, answer)
    except _WRONG:
        auth.clear_state()
        return None
    if not person.is_active:
        return None
    found.record_usage()
    return found
