"""Mentions in Markdown: `@ana-moreau` names the person with this handle."""

import re
from collections.abc import Mapping

from pages import markup

MAX_MENTIONS = 20
# A handle after the start of the text, a space or an opening bracket, so that an e-mail address is none.
_MENTION = re.compile(r"(?<![\w@/.-])@([a-z0-9]+(?:-[a-z0-9]+)*)", re.IGNORECASE)


def handles_in(text: str) -> list[str]:
    """Return the handles that a Markdown text mentions, in lower case, each once, in order.

    Code is left out: `@property` in a code span mentions nobody.
    """
    found = (match.lower() for part in markup.plain_texts(text) for match in _MENTION.findall(part))
    return list(dict.fromkeys(found))


def linker(addresses: Mapping[str, tuple[str, str]]) -> markup.Linker:
    """Return a linker that shows each known mention as the person's name, with a link.

    addresses: handle -> (name, address). An unknown handle stays as it was typed.
    """

    def pieces(text: str) -> list[tuple[str, str | None]]:
        found: list[tuple[str, str | None]] = []
        end = 0
        for match in _MENTION.finditer(text):
            person = addresses.get(match[1].lower())
            if person is None:
                continue
            found += [(text[end : match.start()], None), (f"@{person[0]}", person[1])]
            end = match.end()
        return [*found, (text[end:], None)]

    return pieces
