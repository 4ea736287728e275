"""Connections that check the address of the other side before they send anything.

A check of the name alone is not enough: the name may resolve to another address a moment later. So the name
is resolved once, only allowed addresses are connected to, and the address of the connected peer is checked
again before the first byte, also that of TLS. The transport is urllib3 (ADR 0030).
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import ip_address

from urllib3.connection import HTTPConnection, HTTPSConnection

from outgoing.networks import Network, is_named, why_refused
from outgoing.urls import NOT_SECURE, RefusedUrl, Target, not_reached


class NoAnswer(Exception):
    """The other side gave no usable answer. Its text is the reason, as a sentence."""


def connection_to(
    target: Target, allowed: Sequence[Network], *, connect_seconds: float, read_seconds: float
) -> HTTPConnection:
    """Return a connection that is not open yet.

    Its request() raises RefusedUrl, NoAnswer, and the errors of urllib3.
    """

    def open_socket() -> socket.socket:
        sock = _connected(target, allowed, time.monotonic() + connect_seconds)
        sock.settimeout(read_seconds)
        return sock

    if target.is_secure:
        secure = _SecureConnection(target.host, target.port, timeout=read_seconds, ssl_context=_tls())
        secure.open_socket = open_socket
        return secure
    plain = _PlainConnection(target.host, target.port, timeout=read_seconds)
    plain.open_socket = open_socket
    return plain


class _Checked:
    """Opens the socket with the checks of this module, and keeps it while the answer is read, for cut()."""

    open_socket: Callable[[], socket.socket]
    kept_socket: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        self.kept_socket = self.open_socket()
        return self.kept_socket


class _PlainConnection(_Checked, HTTPConnection):
    pass


class _SecureConnection(_Checked, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.kept_socket = self.sock  # TLS has taken over the first socket


def cut(connection: HTTPConnection) -> None:
    """End a connection at once, from another thread. The reading thread gets an error."""
    sock = getattr(connection, "kept_socket", None)
    if sock is not None:
        with suppress(OSError):
            # Not the method of an SSLSocket, which changes what the reading thread uses.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


@cache
def _tls() -> ssl.SSLContext:
    """Return the context that checks certificates. SSL_CERT_FILE adds those of an own authority."""
    return ssl.create_default_context()


def _connected(target: Target, allowed: Sequence[Network], until: float) -> socket.socket:
    """Return a socket that is connected to an allowed address of the host. until: in monotonic seconds.

    Tries one address after another. Raises NoAnswer if none answers, RefusedUrl if none is allowed.
    """
    error: Exception | None = None
    for family, address in _resolved(target, until - time.monotonic()):
        if why := _why_not(address[0], target, allowed):
            error = error if isinstance(error, OSError) else RefusedUrl(why)
            continue
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(max(until - time.monotonic(), 0.1))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = str(sock.getpeername()[0])
        except OSError as failure:
            sock.close()
            error = failure
            continue
        if why := _why_not(peer, target, allowed):
            sock.close()
            raise RefusedUrl(why)
        return sock
    if isinstance(error, OSError):
        raise NoAnswer(f"No connection to {target.host}:{target.port}: {_reason(error)}.")
    raise error or NoAnswer(f"The host {target.host} has no address.")


def _why_not(address: str, target: Target, allowed: Sequence[Network]) -> str:
    """Return why nothing may be sent to an address, as a sentence; "" if it may."""
    if why := why_refused(address, allowed):
        return not_reached(why)
    if not target.is_secure and not is_named(ip_address(address), allowed):
        return NOT_SECURE
    return ""


def _resolved(target: Target, seconds: float) -> list[tuple[int, tuple]]:
    """Return the families and addresses of the host. Waits at most `seconds`, which getaddrinfo() cannot."""
    found: list[tuple[int, tuple]] = []
    errors: list[Exception] = []

    def resolve() -> None:
        try:
            answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            found.extend((answer[0], answer[4]) for answer in answers)
        except (OSError, UnicodeError) as error:
            errors.append(error)

    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise NoAnswer(f"The host {target.host} is not found: {_reason(errors[0])}.")
    if thread.is_alive():
        raise NoAnswer(f"The host {target.host} was not found within {seconds:g} s.")
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).strip(" .")
