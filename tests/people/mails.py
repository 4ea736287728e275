"""The mails of a test: relayed, sent to a real mail server, and read back as it got them."""

import re
from email import message_from_bytes, policy

from history import relay
from notices.operations import message
from tests.factories import notices


def sent(settings, at):
    """Relay what waits and send it. Returns the mails that the server got: [(to, subject, text, html)]."""
    relay.relay(at=at)
    with notices.mail_server(settings) as server:
        message.send_due(at=at, is_kept=False)
    found = []
    for one in server.mails:
        mail = message_from_bytes(one.as_bytes(), policy=policy.default)
        parts = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
        found.append((mail["To"], mail["Subject"], *parts))
    return found


def link_in(text):
    """Return the path of the link to a page of people in a mail."""
    return re.search(r"https?://[^/\s]+(/people/\S+)", text)[1]


def main_of(page):
    """Return what a page says, without its tokens, which differ each time."""
    return re.search(r"<main.*?</main>", re.sub(r'value="[^"]*"', "", page.text), re.DOTALL)[0]
