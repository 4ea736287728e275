"""The progress of running work, for readers outside its transaction, who see its rows only after the commit.

The figures are in the cache `shared` (Valkey), under a key that only this run of the work uses. They are kept
as well as possible: if they are lost, only the progress is not shown.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.cache import caches
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_KEPT_SECONDS = 3600
# After a failure the cache is left alone for a while, so that work does not wait for it again and again.
_BREAK_SECONDS = 30.0
_state = {"quiet_until": 0.0}


class JsonSerializer:
    """The form of values in the cache. Django's default form can execute code that is stored there."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


def note(key: str, done: int) -> None:
    """Store how many rows are done. Never raises."""
    _tried(lambda: caches["shared"].set(_name(key), done, _KEPT_SECONDS), None)


def of_each(keys: Iterable[str]) -> dict[str, int]:
    """Return how many rows are done, for those keys of which it is known. Never raises."""
    names = {_name(key): key for key in keys}
    if not names:
        return {}
    stored: dict[str, Any] = _tried(lambda: caches["shared"].get_many(list(names)), {})
    return {names[name]: done for name, done in stored.items() if isinstance(done, int)}


def _name(key: str) -> str:
    return f"progress:{key}"


def _tried(act: Callable[[], Result], otherwise: Result) -> Result:
    """Return the result of a request to the cache, or `otherwise` if the cache does not answer."""
    if time.monotonic() < _state["quiet_until"]:
        return otherwise
    try:
        return act()
    except (RedisError, OSError, ValueError) as error:
        _state["quiet_until"] = time.monotonic() + _BREAK_SECONDS
        log.warning("The progress of work is not shown (%s).", error)
        return otherwise
