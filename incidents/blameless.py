"""Hints for texts that ask for conditions and not for culprits, without a database."""

import re
from collections.abc import Iterable

_WORDS = (
    "blame", "careless", "carelessness", "culprit", "fault of", "guilty", "human error", "negligence",
    "negligent", "should have known", "sloppy", "user error",
)  # fmt: skip
_WORD = re.compile(r"\b(" + "|".join(_WORDS) + r")\b", re.IGNORECASE)


def hints(text: str, names: Iterable[str]) -> list[str]:
    """Return a hint for each name of a person and each word of blame in a text, in its order.

    names: of people, such as those who handled the incident. A part of a name does not count.
    """
    found: list[tuple[int, str]] = []
    for match in _WORD.finditer(text):
        word = match[1].lower()
        found.append((match.start(), f"“{word}” asks who. Which condition made it possible?"))
    for name in dict.fromkeys(names):
        named = re.search(rf"\b{re.escape(name)}\b", text)
        if named:
            found.append(
                (named.start(), f"It names {name}. Write what they could see and do, not who they are.")
            )
    return list(dict.fromkeys(hint for _, hint in sorted(found)))
