"""What a lesson consists of. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LessonChart:
    """An invented example. lines: name -> one value for each day. limit: a threshold, None without one."""

    title: str
    lines: dict[str, Sequence[float]]
    caption: str
    unit: str = ""
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class LessonQuestion:
    """A question to oneself. right: the place of the right answer, from 0. why: shown with it."""

    text: str
    answers: Sequence[str]
    right: int
    why: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A short lesson. slug: its key in addresses, which stays. text: Markdown."""

    slug: str
    title: str
    minutes: int
    text: str
    chart: LessonChart
    questions: Sequence[LessonQuestion]
