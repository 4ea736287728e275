"""The progress of running work, for readers outside its transaction, who see its rows only after the commit.

The figures are in the cache of all processes, under a key that only this run of the work uses. They are kept
as well as possible: if they are lost, only the progress is not shown.
"""

from collections.abc import Iterable
from typing import Any

from kit.shared_cache import tried

_KEPT_SECONDS = 3600


def note(key: str, done: int) -> None:
    """Store how many rows are done. Never raises."""
    tried(lambda cache: cache.set(_name(key), done, _KEPT_SECONDS), None)


def of_each(keys: Iterable[str]) -> dict[str, int]:
    """Return how many rows are done, for those keys of which it is known. Never raises."""
    names = {_name(key): key for key in keys}
    if not names:
        return {}
    stored: dict[str, Any] = tried(lambda cache: cache.get_many(list(names)), {})
    return {names[name]: done for name, done in stored.items() if isinstance(done, int)}


def _name(key: str) -> str:
    return f"progress:{key}"
