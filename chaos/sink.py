"""A real mail server on loopback. It logs the accepted mails, and can answer late."""

import asyncio
import email
import random

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class Sink(Controller):
    """The server. accepted: the Message-IDs in order. delay: seconds until the answer, (least, most)."""

    def __init__(self, *, delay: tuple[float, float] = (0.0, 0.0), seed: int = 0) -> None:
        super().__init__(self, hostname="127.0.0.1", port=0, ready_timeout=20)
        self.accepted: list[str] = []
        self.delay = delay
        self._chance = random.Random(seed)

    async def handle_DATA(self, server, session, envelope):
        # Logged before the answer: the mail is accepted, also if the sender dies before it reads the answer.
        self.accepted.append(email.message_from_bytes(envelope.content)["Message-ID"].strip("<>"))
        if self.delay[1]:
            await asyncio.sleep(self._chance.uniform(*self.delay))
        return "250 Taken"

    def factory(self):
        return SMTP(self, data_size_limit=None)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
