"""Secrets in kept mails, such as the link that resets a password: sealed (kit.sealed), not readable."""

import re
from collections.abc import Collection

from kit.sealed import seal, unseal

_SEALED = re.compile(r"⟦([A-Za-z0-9_=-]+)⟧")
HIDDEN = "…"


def without(text: str, secrets: Collection[str]) -> str:
    """Return the text with each of its secrets sealed."""
    for secret in secrets:
        text = text.replace(secret, f"⟦{seal(secret)}⟧")
    return text


def are_in(text: str) -> bool:
    """Return whether a kept text has a sealed secret."""
    return _SEALED.search(text) is not None


def shown(text: str, *, is_open: bool) -> str:
    """Return a kept text for its reader. is_open: with its secrets, if this installation can read them."""

    def secret(match: re.Match[str]) -> str:
        if not is_open:
            return HIDDEN
        try:
            return unseal(match[1])
        except ValueError:
            return HIDDEN

    return _SEALED.sub(secret, text)
