"""What names a person in texts: their name, address and handle, and how each is found and replaced."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from people.states import ERASED_DOMAIN

# No mail can reach this domain (RFC 2606).
DOMAIN = ERASED_DOMAIN


@dataclass(frozen=True)
class Terms:
    """The texts that name a person, and what replaces them. also: further ones, such as a former name."""

    name: str
    email: str
    handle: str
    number: int
    also: tuple[str, ...] = field(default=())

    @property
    def new_name(self) -> str:
        return f"Former person {self.number}"

    @property
    def new_email(self) -> str:
        return f"former-person-{self.number}@{DOMAIN}"

    @property
    def new_handle(self) -> str:
        return f"former-person-{self.number}"

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """Return each text as it may be stored: as it is, in HTML, and in JSON. In lower case."""
        found: dict[str, None] = {}
        for text in (self.name, self.email, self.handle, *self.also):
            for spelled in (text, html.escape(text), json.dumps(text)[1:-1]):
                found[spelled.lower()] = None
        return tuple(found)

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Return (pattern, replacement), the address first: it may contain a name.

        A handle may be an ordinary word. So it is found only in a mention and in the address of a page.
        """
        whole_word = (r"(?<!\w)", r"(?!\w)")
        email = (self.email, r"(?<![\w.+-])", r"(?!\w|[.-]\w)", self.new_email)
        names = [(text, *whole_word, self.new_name) for text in (self.name, *self.also)]
        patterns = []
        for text, before, after, new in (email, *names):
            for spelled in dict.fromkeys((text, html.escape(text))):
                patterns.append((re.compile(before + re.escape(spelled) + after, re.IGNORECASE), new))
        handle = rf"((?<![\w.+-])@|/people/){re.escape(self.handle)}(?![\w-])"
        patterns.append((re.compile(handle, re.IGNORECASE), rf"\g<1>{self.new_handle}"))
        return tuple(patterns)

    @cached_property
    def _quoted_handle(self) -> re.Pattern[str]:
        """Return the pattern of the handle as a value in the text of JSON, not as a key."""
        return re.compile(rf'(?<="){re.escape(self.handle)}(?="(?!\s*:))', re.IGNORECASE)

    def mentions_replaced(self, text: str) -> str:
        """Return a text with the mentions of the person replaced, and nothing else."""
        pattern = re.compile(rf"@{re.escape(self.handle)}(?![\w-])", re.IGNORECASE)
        return pattern.sub(f"@{self.new_handle}", text)

    def are_in(self, value: Any) -> bool:
        """Return whether a stored value names the person: a text, a list, JSON with its keys, or bytes."""
        return self.replaced(value) != value or any(self._in_text(key) != key for key in _keys(value))

    def replaced(self, value: Any) -> Any:
        """Return the value with what names the person replaced. Keys stay, because programs read them."""
        if isinstance(value, str):
            return self.new_handle if value.lower() == self.handle.lower() else self._in_text(value)
        if isinstance(value, bytes | memoryview):
            text = bytes(value).decode("utf-8", "replace")
            changed = self._quoted_handle.sub(self.new_handle, self.replaced(text))
            return value if changed == text else changed.encode()
        if isinstance(value, dict):
            return {key: self.replaced(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.replaced(one) for one in value]
        return value

    def _in_text(self, text: str) -> str:
        for pattern, new in self._patterns:
            text = pattern.sub(new, text)
        return text

    def excerpt(self, value: Any) -> str:
        """Return the text around the first place that names the person."""
        text = value if isinstance(value, str) else _as_text(value)
        for pattern in (*(pattern for pattern, _ in self._patterns), self._quoted_handle):
            if found := pattern.search(text):
                return " ".join(text[max(0, found.start() - 40) : found.end() + 40].split())
        return " ".join(text[:80].split())


def _keys(value: Any) -> Iterator[str]:
    """Yield all keys of a value of JSON."""
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _keys(one)


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False, default=str)
