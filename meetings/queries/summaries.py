"""Items of every agenda that sum up something of an upper room, such as the goals of the teams."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from meetings.models import Meeting


@dataclass(frozen=True, slots=True)
class AgendaSummary:
    """An item of five minutes about no single object.

    sentence(meeting, at): what the item says; "" for no item. All participants see it, so it names only what
    everyone may see.
    """

    title: str
    sentence: Callable[[Meeting, datetime], str]


_summaries: list[AgendaSummary] = []


def install(summaries: Iterable[AgendaSummary]) -> None:
    """Replace the summaries. `riskhub/panels.py` lists them."""
    _summaries[:] = summaries


def installed() -> tuple[AgendaSummary, ...]:
    return tuple(_summaries)
