"""A mail server for fault tests: it logs accepted mails, and refuses, hangs or disconnects by its script."""

import asyncio
import email
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

# The behaviour for addresses that start with one of these prefixes.
CODES = {
    "busy": ("RCPT", "451 Try again later"),
    "gone": ("RCPT", "550 No such person"),
    "shut": ("RCPT", "421 Closing"),
    "spam": ("DATA", "554 We do not like it"),
    "full": ("DATA", "452 Disk full"),
}
CUT, HANG, CUT_BEFORE = "cut", "hang", "drop"


class Sink:
    """The server.

    script: {address prefix: number of times}, by default always. accepted: [(to, Message-ID)].
    """

    def __init__(self, script=None) -> None:
        self.left = dict(script or {})
        self.accepted: list[tuple[str, str]] = []
        self.mails: list[email.message.Message] = []
        self.on_rcpt = None

    def start(self) -> None:
        self._controller = _Controller(_Handler(self), hostname="127.0.0.1", port=0)
        self._controller.start()
        self.port = self._controller.port

    def stop(self) -> None:
        self._controller.stop()

    def misbehaves(self, address: str) -> str:
        word = address.split("@", maxsplit=1)[0].split(".", maxsplit=1)[0].split("-", maxsplit=1)[0]
        if word not in {*CODES, CUT, HANG, CUT_BEFORE} or self.left.get(word, 1) <= 0:
            return ""
        if word in self.left:
            self.left[word] -= 1
        return word


class _Controller(Controller):
    def factory(self):
        return SMTP(self.handler, data_size_limit=None)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.sink.on_rcpt:
            self.sink.on_rcpt(address)
        envelope.trouble = self.sink.misbehaves(address)
        if envelope.trouble == CUT_BEFORE:
            server.transport.abort()
            return "250 OK"
        step, answer = CODES.get(envelope.trouble, ("", ""))
        if step == "RCPT":
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        step, answer = CODES.get(envelope.trouble, ("", ""))
        if step == "DATA":
            return answer
        if envelope.trouble == HANG:
            await asyncio.sleep(30)
        mail = email.message_from_bytes(envelope.content)
        self.sink.mails.append(mail)
        self.sink.accepted.append((envelope.rcpt_tos[0], mail["Message-ID"]))
        if envelope.trouble == CUT:
            server.transport.abort()
        return "250 Taken"


def wait_for(condition, seconds=5.0) -> None:
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        threading.Event().wait(0.02)
    assert condition()
