"""The connection to the mail server: it sends many mails and returns the delivery status of each."""

import re
import smtplib
import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from threading import Timer
from typing import Self

from django.core.mail.backends.smtp import EmailBackend

# The longest time for one mail, also if the server answers slowly: a task may take 25 seconds.
HARD_SECONDS = 12.0
NO_CONNECTION = "No connection to the mail server"  # how the error of a mail begins then
_LEADING_DOT = re.compile(rb"(?m)^\.")


class DeliveryStatus(Enum):
    SENT = "accepted by the mail server"
    LATER = "not now"
    REFUSED = "the address is refused"
    NEVER = "the mail is refused"
    DOUBT = "the connection broke after the data"


@dataclass(frozen=True, slots=True)
class ServerReply:
    status: DeliveryStatus
    text: str


class NoConnection(Exception):
    """The mail server cannot be reached, or refuses the login."""


class MailConnection:
    """One connection, opened with the first mail and again after a break; a context manager."""

    def __init__(self) -> None:
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._close()

    def open(self) -> None:
        """Connect, unless it is connected. Raises NoConnection."""
        self._connected()

    def hand_over(self, data: bytes, *, sender: str, to: str) -> ServerReply:
        """Send one mail (RFC 5322 bytes, CRLF lines) to one address. Connects again after a break."""
        try:
            smtp = self._connected()
        except NoConnection as error:
            return ServerReply(DeliveryStatus.LATER, str(error))
        watch = Timer(HARD_SECONDS, _cut, [smtp])
        watch.daemon = True
        watch.start()
        try:
            answer = _converse(smtp, data, sender, to)
        finally:
            watch.cancel()
        if answer.status is not DeliveryStatus.SENT:
            self._close()
        return answer

    def _connected(self) -> smtplib.SMTP:
        try:
            if self._smtp is None:
                backend = EmailBackend(
                    fail_silently=False
                )  # reads encryption, user name and password from the settings
                backend.open()
                assert backend.connection is not None
                self._smtp = backend.connection
                self._smtp.ehlo_or_helo_if_needed()
            return self._smtp
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            raise NoConnection(f"{NO_CONNECTION}: {_error_text(error)}") from error

    def _close(self) -> None:
        if self._smtp is None:
            return
        smtp, self._smtp = self._smtp, None
        with suppress(OSError, smtplib.SMTPException):
            smtp.docmd("QUIT")
        smtp.close()


def _converse(smtp: smtplib.SMTP, data: bytes, sender: str, to: str) -> ServerReply:
    may_have_it = False
    try:
        for step, code, reply in (("MAIL", *smtp.mail(sender)), ("RCPT", *smtp.rcpt(to))):
            if code not in (250, 251):
                return _refusal(step, code, reply)
        code, reply = smtp.docmd("DATA")
        if code != 354:
            return _refusal("DATA", code, reply)
        may_have_it = True
        smtp.send(_LEADING_DOT.sub(b"..", data) + b"\r\n.\r\n")
        code, reply = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        if may_have_it:
            return ServerReply(
                DeliveryStatus.DOUBT, f"The connection was lost after the mail was sent: {_error_text(error)}"
            )
        return ServerReply(
            DeliveryStatus.LATER, f"The connection was lost before the mail was sent: {_error_text(error)}"
        )
    return (
        ServerReply(DeliveryStatus.SENT, f"{code} {_text(reply)}")
        if code == 250
        else _refusal("DATA", code, reply)
    )


def _refusal(step: str, code: int, reply: bytes) -> ServerReply:
    text = f"{step} was answered with {code} {_text(reply)}"
    if code >= 500:
        return ServerReply(DeliveryStatus.REFUSED if step == "RCPT" else DeliveryStatus.NEVER, text)
    if code < 0:
        return ServerReply(DeliveryStatus.LATER, f"{step} got no answer")
    return ServerReply(DeliveryStatus.LATER, text)


def _cut(smtp: smtplib.SMTP) -> None:
    with suppress(OSError):
        if smtp.sock is not None:
            smtp.sock.shutdown(socket.SHUT_RDWR)


def _text(reply: bytes) -> str:
    return " ".join(reply.decode("utf-8", "replace").split())[:200]


def _error_text(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()[:200]
