"""The cache of all processes (Valkey). Its values may be lost at any time. Nothing waits for it for long."""

import json
import logging
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

Result = TypeVar("Result")
# After a failure the cache is left alone for a while, so that work does not wait for it again and again.
_BREAK_SECONDS = 30.0
_state = {"quiet_until": 0.0}


class JsonSerializer:
    """The form of values in the cache. Django's default form can execute code that is stored there."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class SharedCache(RedisCache):
    """Django's cache in Valkey, which also counts.

    Its own incr() of a key that may be new takes three commands. Every request of the API counts one.
    """

    @cached_property
    def _client(self) -> Any:
        return self._cache.get_client(write=True)

    def count(self, key: str, *, seconds: int) -> int:
        """Add one to a counter and return it. The counter ends `seconds` after its first count.

        If the process dies between the two commands, the counter stays. So its key must name its period.
        """
        name = self.make_and_validate_key(key)
        number = int(self._client.incr(name))
        if number == 1:
            self._client.expire(name, seconds)
        return number


def tried(act: Callable[[Any], Result], otherwise: Result) -> Result:
    """Return the result of `act` with the cache, or `otherwise` if the cache does not answer."""
    if time.monotonic() < _state["quiet_until"]:
        return otherwise
    try:
        return act(caches["shared"])
    except (RedisError, OSError, ValueError) as error:
        _state["quiet_until"] = time.monotonic() + _BREAK_SECONDS
        log.warning("The shared cache did not answer (%s); it is left alone for a while.", error)
        return otherwise
