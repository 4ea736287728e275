"""The rate limit of the API: so many requests a minute for each token, or for each signed-in person.

The requests of a minute are counted in the cache of all processes. While it does not answer, nothing is
limited. Each answer tells the limit in the headers of draft-ietf-httpapi-ratelimit-headers-10.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from kit import clock
from kit.shared_cache import tried

WINDOW = 60  # seconds


@dataclass(frozen=True, slots=True)
class Budget:
    """The requests of one minute. used: with this one. seconds_left: until the next minute."""

    limit: int
    used: int
    seconds_left: int

    @property
    def headers(self) -> dict[str, str]:
        left = max(0, self.limit - self.used)
        return {
            "RateLimit-Policy": f'"default";q={self.limit};w={WINDOW}',
            "RateLimit": f'"default";r={left};t={self.seconds_left}',
        }


class PerToken(BaseThrottle):
    """Refuses a request above the limit with 429 and Retry-After. The view reads `budget` for its headers."""

    budget: Budget | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        self.budget = view.budget = _spend(request)
        return self.budget is None or self.budget.used <= self.budget.limit

    def wait(self) -> float | None:
        return None if self.budget is None else self.budget.seconds_left


def _spend(request: Request) -> Budget | None:
    """Count this request. Return None without a limit or a sender, or if the cache does not answer."""
    token = request.auth
    limit = settings.API_RATES["ingest" if getattr(token, "scope", "") == "ingest" else "default"]
    if not limit or not request.user.is_authenticated:
        return None
    minute, second = divmod(int(clock.now().timestamp()), WINDOW)
    sender = f"token:{token.pk}" if token is not None else f"person:{request.user.pk}"
    key = f"rate:{sender}:{minute}"
    used = tried(lambda cache: cache.count(key, seconds=2 * WINDOW), None)
    return None if used is None else Budget(limit, used, WINDOW - second)
