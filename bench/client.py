"""A client with a few threads that checks every answer. A wrong answer does not count."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"
Check = Callable[[bytes], bool]


@dataclass(slots=True)
class Answers:
    """The result of a load. right: answers with the expected status whose body passed the check."""

    right: int = 0
    wrong: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    first_wrong: str = ""

    @property
    def a_second(self) -> float:
        return self.right / self.seconds if self.seconds else 0.0


def request(
    path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None, method: str = ""
) -> bytes:
    """Return the bytes of a request, which are built once and sent often."""
    lines = [f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection:
    """One persistent connection.

    It only reads answers with a Content-Length, as the servers here send them.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, sent: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body. Raises OSError if the connection is lost."""
        self.socket.sendall(sent)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        start = head.find(b"content-length:")
        if start < 0:
            raise OSError(f"An answer without a length: {data[:200]!r}")
        length = int(head[start + 15 :].split(b"\r\n", 1)[0])
        parts, have = [data[end + 4 :]], len(data) - end - 4
        while have < length:
            parts.append(self._more())
            have += len(parts[-1])
        return int(head[9:12]), b"".join(parts)

    def _more(self) -> bytes:
        got = self.socket.recv(262144)
        if not got:
            raise OSError("The server closed the connection.")
        return got

    def close(self) -> None:
        self.socket.close()


def ask(port: int, sent: bytes) -> tuple[int, bytes]:
    """Send one request on a new connection."""
    connection = Connection(port)
    try:
        return connection.ask(sent)
    finally:
        connection.close()


def load(
    port: int,
    sent: Callable[[int], Iterator[bytes]],
    *,
    clients: int,
    seconds: float,
    status: int = 200,
    check: Check = lambda body: True,
) -> Answers:
    """Run `clients` threads. Each sends the requests of its `sent(number)` in turn, until the time is over.

    The time of a round ends with its last answer.
    """
    found = [Answers() for _ in range(clients)]
    gate, begun = threading.Barrier(clients + 1), [0.0]
    streams = [sent(number) for number in range(clients)]

    def run(number: int) -> None:
        connection = Connection(port)
        gate.wait()
        _drive(connection, streams[number], found[number], begun[0] + seconds, (status, _remembering(check)))
        connection.close()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(clients)]
    for thread in threads:
        thread.start()
    begun[0] = time.perf_counter()
    gate.wait()
    for thread in threads:
        thread.join()
    return _joined(found, time.perf_counter() - begun[0])


def _drive(
    connection: Connection, stream: Iterator[bytes], into: Answers, until: float, right: tuple[int, Check]
) -> None:
    status, check = right
    for sent in stream:
        began = time.perf_counter()
        if began >= until:
            return
        try:
            code, body = connection.ask(sent)
        except OSError as error:
            into.wrong, into.first_wrong = into.wrong + 1, into.first_wrong or str(error)
            return
        if code == status and check(body):
            into.right += 1
            into.latencies.append(time.perf_counter() - began)
        else:
            into.wrong += 1
            into.first_wrong = into.first_wrong or f"{code} {body[:300]!r}"


def _remembering(check: Check) -> Check:
    """Return a check that remembers checked bodies, so that an identical body is not checked again."""
    known: list[bytes] = [b""]

    def checked(body: bytes) -> bool:
        if body == known[0]:
            return True
        if not check(body):
            return False
        known[0] = body
        return True

    return checked


def _joined(found: list[Answers], seconds: float) -> Answers:
    return Answers(
        right=sum(one.right for one in found),
        wrong=sum(one.wrong for one in found),
        seconds=seconds,
        latencies=[latency for one in found for latency in one.latencies],
        first_wrong=next((one.first_wrong for one in found if one.first_wrong), ""),
    )
