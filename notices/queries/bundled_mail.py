"""The mail of a bundle: several mails to one person as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notices.models import Message
from notices.queries import rendered_mail
from notices.queries.rendered_mail import RenderedMail

FOLDER = "bundle"
_FOOT = "\n--\n"
_MOST = 1500


@dataclass(frozen=True, slots=True)
class BundledPart:
    """One mail of a bundle. lines: its text, without the foot. kind: the name of its type."""

    title: str
    kind: str
    lines: list[str]
    url: str


def render(mails: Sequence[tuple[Message, RenderedMail]], *, at: datetime) -> RenderedMail:
    """Return one mail to the recipient of these mails. mails: with their own form."""
    user = mails[0][0].user
    assert user is not None, "a mail to somebody without an account goes alone"
    names: set[int] | None = set()
    for _, mail in mails:
        names = None if names is None or mail.names is None else names | set(mail.names)
    context = {
        "user": user,
        "parts": [_part(message, mail) for message, mail in mails],
        "url": rendered_mail.address(None),
    }
    return rendered_mail.from_templates("notices.bundle", FOLDER, context, user, at, names=names)


def _part(message: Message, mail: RenderedMail) -> BundledPart:
    text = mail.text.split(_FOOT)[0].strip()
    if len(text) > _MOST:
        text = text[:_MOST].rsplit("\n", 1)[0] + "\n…"
    return BundledPart(
        mail.title, message.kind_label, text.splitlines(), rendered_mail.address(message.subject)
    )
