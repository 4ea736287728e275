"""Requests to a provider: few at once, and none for a while after one that was not answered.

Anybody can begin a sign-in. A provider that hangs would otherwise hold every thread of the web process.
"""

import threading
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount import app_settings

AT_ONCE, WAIT, REST = 2, 2.0, 30.0  # requests of a process; seconds for a free place; seconds of rest
_places = threading.BoundedSemaphore(AT_ONCE)
_rests_until: dict[str, float] = {}  # host -> by the monotonic clock


class ProviderSession(requests.Session):
    """A session that raises ConnectionError while the host rests, or if all places are taken."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        host = str(urlsplit(url).netloc)
        if time.monotonic() < _rests_until.get(host, 0.0):
            raise requests.ConnectionError(f"{host} did not answer a moment ago and is left alone.")
        if not _places.acquire(timeout=WAIT):
            raise requests.ConnectionError(f"{AT_ONCE} requests to providers are under way.")
        try:
            return super().request(method, url, *args, timeout=app_settings.REQUESTS_TIMEOUT, **kwargs)
        except (requests.ConnectionError, requests.Timeout):
            _rests_until[host] = time.monotonic() + REST
            raise
        finally:
            _places.release()


def forget() -> None:
    """Let all hosts be asked again, for tests."""
    _rests_until.clear()
