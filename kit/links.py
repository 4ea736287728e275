"""Where a page is. The roof knows (riskhub/links.py); lower rooms ask here, naming no upper room."""

from collections.abc import Callable, Mapping
from typing import Any

_pages: dict[str, Callable[[Any], str]] = {}


def install(pages: Mapping[str, Callable[[Any], str]]) -> None:
    """kind of subject -> function from the subject to its address."""
    _pages.clear()
    _pages.update(pages)


def url_of(subject: Any) -> str:
    """The address of a subject's page (anything with kind, object_id, reference); "" when it has none."""
    page = _pages.get(subject.kind)
    return page(subject) if page else ""
