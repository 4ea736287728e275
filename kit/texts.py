"""The one rule for the characters of every text that people, tools and imports send.

XML feeds, mail headers and one-line rows of a list cannot carry every character. So characters that no reader
needs are removed when a text is stored. Cleaning is better than refusing: people paste invisible characters
from slides, a PDF or a chat without knowing it, and the text means the same without them.

- **one_line()**: titles, names, labels. Line breaks and tabs of every kind become one space.
- **many_lines()**: notes, reasons, Markdown. Line breaks of every kind become a newline; tabs stay.

Both remove control characters (C0 and C1), characters that change the direction of the text after them
(U+202A to U+202E, U+2066 to U+2069) and can make it read as another text, invisible characters that join
nothing, and code points that XML forbids. A text without a visible character becomes "". The joiners U+200C
and U+200D stay between two visible characters, because Persian, Indic scripts and emoji use them.

Both compose letters (NFC), so that the same word typed on two systems is the same text.

NUL stays here: the API refuses it with an error that names it, and pages remove it (riskhub.middleware).
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# Slides and word processors write \v and U+2028 for a line break; U+001C to U+001E and U+0085 break too.
_LINE_BREAK = "\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
_BREAK = re.compile(_LINE_BREAK)
_BREAKS = re.compile(f"[ \t]*(?:{_LINE_BREAK}|\t)(?:{_LINE_BREAK}|[ \t])*")
_INVISIBLE = re.compile(
    "["
    "\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 without NUL, tab and line breaks
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2064\ufeff"  # zero width
    "\u202a-\u202e\u2066-\u206f"  # direction
    "\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff"  # not for interchange
    "\U000e0001"
    "]"
)
# The tags U+E0020 to U+E007F belong to the emoji of a flag. Elsewhere they can hide a text.
_HIDDEN_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]{1,7})|[\U000e0020-\U000e007f]+")
_LOOSE_JOINERS = re.compile(
    "(?<=[\u200c\u200d])[\u200c\u200d]+|(?:(?<=\\s)|^)[\u200c\u200d]+|[\u200c\u200d]+(?=\\s|$)"
)
_NEEDS_CLEANING = re.compile("[^\x20-\x7e\xa0-\xac\xae-\u017f]")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u200c\u200d\ufe0e\ufe0f")


def one_line(text: str) -> str:
    """Return the text as one line without characters that a reader cannot see."""
    if not _NEEDS_CLEANING.search(text):
        return text
    return _visible(_BREAKS.sub(" ", text)).strip(" ")


def many_lines(text: str) -> str:
    """Return the text without characters that a reader cannot see; newlines and tabs stay."""
    if not _NEEDS_CLEANING.search(text):
        return text
    return _visible(_BREAK.sub("\n", text))


def many_lines_within(value: Any) -> Any:
    """Return JSON with many_lines() applied to every text and every name in it."""
    if isinstance(value, str):
        return many_lines(value)
    if isinstance(value, Mapping):
        return {many_lines_within(name): many_lines_within(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [many_lines_within(inner) for inner in value]
    return value


def _visible(text: str) -> str:
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = _HIDDEN_TAGS.sub(lambda match: match[1] or "", text)
    text = _LOOSE_JOINERS.sub("", text)
    return text if any(_is_visible(letter) for letter in text) else ""


def _is_visible(letter: str) -> bool:
    if letter == "\x00":  # the API refuses it, and pages have removed it
        return True
    return letter not in _BLANK and not letter.isspace() and unicodedata.category(letter) != "Cf"
