"""A real mail server on loopback. It logs the accepted mails, and makes trouble for some addresses."""

import asyncio
import email
import random
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

# First part of an address -> how the server answers RCPT.
REFUSALS = {"busy": "451 Try again later", "shut": "421 Closing", "gone": "550 No such person"}
# The server cuts the connection after it accepted the mail; answers late; never answers, and does not accept.
CUT, SLOW, SILENT = "cut", "slow", "silent"
SLOW_SECONDS, SILENT_SECONDS = 3.0, 60.0


class Sink(Controller):
    """The server.

    accepted: the Message-IDs in order. moments: Message-ID -> when it was first accepted, by time.time().
    delay: seconds until the answer, (least, most). port: 0 for a free one.
    """

    def __init__(self, *, delay: tuple[float, float] = (0.0, 0.0), seed: int = 0, port: int = 0) -> None:
        super().__init__(self, hostname="127.0.0.1", port=port, ready_timeout=20)
        self.accepted: list[str] = []
        self.moments: dict[str, float] = {}
        self.delay = delay
        self._chance = random.Random(seed)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if refusal := REFUSALS.get(_kind(address)):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        kind = _kind(envelope.rcpt_tos[0])
        if kind == SILENT:
            await asyncio.sleep(SILENT_SECONDS)
            return "451 Try again later"
        # Logged before the answer: the mail is accepted, also if the sender dies before it reads the answer.
        name = email.message_from_bytes(envelope.content)["Message-ID"].strip("<>")
        self.accepted.append(name)
        self.moments.setdefault(name, time.time())
        if kind == CUT:
            server.transport.abort()
        if kind == SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        if self.delay[1]:
            await asyncio.sleep(self._chance.uniform(*self.delay))
        return "250 Taken"

    def factory(self):
        return SMTP(self, data_size_limit=None)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _kind(address: str) -> str:
    return address.split("@", maxsplit=1)[0].split("-", maxsplit=1)[0]
