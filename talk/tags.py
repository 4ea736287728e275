"""The form of tags: one line in lower case."""

from collections.abc import Iterable

from kit.refusals import Refused
from kit.texts import one_line

MAX_TAG = 60
MAX_TAGS = 20


def tidy(texts: Iterable[str]) -> list[str]:
    """Return tags in lower case, each once, in their order, without empty ones."""
    cleaned = (" ".join(one_line(text).lower().replace(",", " ").split()) for text in texts)
    return [tag for tag in dict.fromkeys(cleaned) if tag]


def checked(tags: list[str]) -> list[str]:
    """Return the same tags. Raises Refused(field="tags") for too many or too long ones."""
    if len(tags) > MAX_TAGS:
        raise Refused(f"Use at most {MAX_TAGS} tags.", field="tags")
    if any(len(tag) > MAX_TAG for tag in tags):
        raise Refused(f"Use at most {MAX_TAG} characters per tag.", field="tags")
    return tags
