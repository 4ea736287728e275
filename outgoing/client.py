"""One request to another system, with a limit for each thing that the other side decides.

It follows no redirect, uses no proxy, sends no cookie, and reads no more than `most_bytes`.
"""

import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from django.conf import settings
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from outgoing import urls
from outgoing.connection import NoAnswer, connection_to, cut
from outgoing.urls import RefusedUrl

__all__ = ["Answer", "Limits", "NoAnswer", "RefusedUrl", "check", "send"]

_PIECE = 16_384
# These headers have precedence over those of the caller.
_OURS = {"User-Agent": "Riskhub", "Accept-Encoding": "identity", "Connection": "close"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take.

    connect_seconds: until an address is connected. read_seconds: between two pieces of the answer.
    total_seconds: for the request and the whole answer. most_bytes: of the body that are read.
    """

    connect_seconds: float = 4.0
    read_seconds: float = 8.0
    total_seconds: float = 12.0
    most_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side answered. is_cut: the body was longer than allowed, and only its start was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400


def check(url: str) -> None:
    """Raise RefusedUrl for a URL that no request may have. A name is not resolved here."""
    urls.checked(url, settings.OUTGOING_ALLOW)


def send(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Send one request and return the answer, whatever its status is. Raises RefusedUrl, NoAnswer."""
    limits = limits or Limits()
    target = urls.checked(url, settings.OUTGOING_ALLOW)
    connection = connection_to(
        target,
        settings.OUTGOING_ALLOW,
        connect_seconds=limits.connect_seconds,
        read_seconds=min(limits.read_seconds, limits.total_seconds),
    )
    watch = _Watch(connection, limits.total_seconds)
    try:
        with watch:
            connection.request(
                method,
                target.path,
                body=body,
                headers={**(headers or {}), **_OURS},
                preload_content=False,
                decode_content=True,
            )
            response = connection.getresponse()
            with closing(response):
                answer = _answer(response, limits.most_bytes)
        if watch.is_over:  # a cut looks like the end of an answer that does not say its length
            raise TimeoutError
        return answer
    except (OSError, HTTPError, ValueError) as error:
        if watch.is_over:
            raise NoAnswer(f"{target.host} did not answer within {limits.total_seconds:g} s.") from error
        raise NoAnswer(f"{target.host} gave no valid answer: {_reason(error)}.") from error
    finally:
        connection.close()


def _answer(response: BaseHTTPResponse, most_bytes: int) -> Answer:
    body = bytearray()
    while len(body) <= most_bytes and (piece := response.read(_PIECE)):
        body += piece
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, bytes(body[:most_bytes]), len(body) > most_bytes)


class _Watch:
    """Cuts a connection after some seconds, also if the other side still sends a byte now and then.

    is_over: it has cut the connection.
    """

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self.is_over = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *args: object) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        self.is_over = True
        cut(self._connection)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(error) or type(error).__name__).strip(" .")[:200]
