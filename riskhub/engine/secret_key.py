"""The rule for SECRET_KEY, used by every process: web, worker, beat, commands and the supervisor."""

from __future__ import annotations

from collections.abc import Mapping

SHORTEST = 50
FEWEST_DIFFERENT = 5
_HOW = (
    "Fix: give all processes the same random key, created with"
    " python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
)


def fault(key: str) -> str:
    """Return the fault of a key and the fix, in one line; "" for a valid key. It never contains the key."""
    if len(key) < SHORTEST:
        return f"SECRET_KEY has {len(key)} characters and needs at least {SHORTEST}. {_HOW}"
    if len(set(key)) < FEWEST_DIFFERENT:
        return f"SECRET_KEY repeats fewer than {FEWEST_DIFFERENT} different characters. {_HOW}"
    return ""


def require(environment: Mapping[str, str]) -> None:
    """Exit with one line if no valid key is set. For processes that sign: web, worker, beat."""
    key = environment.get("SECRET_KEY", "")
    if not key:
        raise SystemExit(f"SECRET_KEY is not set. {_HOW}")
    if problem := fault(key):
        raise SystemExit(problem)
