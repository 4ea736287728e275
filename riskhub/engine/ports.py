"""Ports on this machine."""

from __future__ import annotations

import errno
import socket


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def free(host: str = "127.0.0.1") -> int:
    """Return a TCP port that is free now. Raises OSError if the address does not belong to this machine."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return True if `host:port` can be bound now.

    Raises OSError if the address does not belong to this machine, or is forbidden.
    """
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        # Without this option a port counts as in use for a minute after its last connection closed.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True
