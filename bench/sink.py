"""`python -m bench.sink FILE`: a mail server on loopback that accepts everything, in a process of its own.

It prints its port, then writes one line for each accepted mail to the file: its recipient and its length.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class MailSink(Controller):
    """The server. out: an open file."""

    def __init__(self, out) -> None:
        super().__init__(self, hostname="127.0.0.1", port=0, ready_timeout=20)
        self.out = out

    async def handle_DATA(self, server, session, envelope):
        self.out.write(f"{envelope.rcpt_tos[0]} {len(envelope.content)}\n")
        self.out.flush()
        return "250 Taken"

    def factory(self):
        return SMTP(self, data_size_limit=None)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def main(path: str) -> None:
    with Path(path).open("w") as out:
        sink = MailSink(out)
        sink.start()
        print(sink.port, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
