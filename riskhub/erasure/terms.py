"""What names a person in texts: their name, address and handle, and how each is found and replaced."""

import html
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from people.operations.person import ERASED_DOMAIN

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
        """Return (pattern, replacement), the longest first: an address may contain the handle."""
        names = [(text, self.new_name) for text in (self.name, *self.also)]
        pairs = [(self.email, self.new_email), (self.handle, self.new_handle), *names]
        ends = {self.email: (r"(?<![\w.+-])", r"(?!\w|[.-]\w)"), self.handle: (r"(?<![\w-])", r"(?![\w-])")}
        patterns = []
        for text, new in pairs:
            before, after = ends.get(text, (r"(?<!\w)", r"(?!\w)"))
            for spelled in dict.fromkeys((text, html.escape(text))):
                patterns.append((re.compile(before + re.escape(spelled) + after, re.IGNORECASE), new))
        return tuple(patterns)

    def mentions_replaced(self, text: str) -> str:
        """Return a text with the mentions of the person replaced, and nothing else."""
        pattern = re.compile(rf"@{re.escape(self.handle)}(?![\w-])", re.IGNORECASE)
        return pattern.sub(f"@{self.new_handle}", text)

    def are_in(self, value: Any) -> bool:
        """Return whether a stored value names the person: a text, a list, the content of JSON, or bytes."""
        return self.replaced(value) != value

    def replaced(self, value: Any) -> Any:
        """Return the value with what names the person replaced."""
        if isinstance(value, str):
            for pattern, new in self._patterns:
                value = pattern.sub(new, value)
            return value
        if isinstance(value, bytes | memoryview):
            text = bytes(value).decode("utf-8", "replace")
            changed = self.replaced(text)
            return value if changed == text else changed.encode()
        if isinstance(value, dict):
            return {self.replaced(key): self.replaced(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.replaced(one) for one in value]
        return value

    def excerpt(self, value: Any) -> str:
        """Return the text around the first place that names the person."""
        text = value if isinstance(value, str) else _as_text(value)
        for pattern, _ in self._patterns:
            if found := pattern.search(text):
                return " ".join(text[max(0, found.start() - 40) : found.end() + 40].split())
        return " ".join(text[:80].split())


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False, default=str)
