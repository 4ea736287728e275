"""What people said about breaches in reviews. Reviews belong to an upper room, which installs their reader.

riskhub/panels.py names it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from people.models import User


class BreachVerdict(StrEnum):
    """What people called a breach, from the outcome of its review."""

    REAL = "real"
    NOISE = "noise"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class ReviewVerdict:
    """The outcome of the last settled review of a breach group. label: the outcome in words."""

    called: BreachVerdict
    label: str


# (user, ids of the subjects of breach groups) -> subject id -> verdict, in one query. user None: of all.
VerdictReader = Callable[[User | None, Collection[int]], dict[int, ReviewVerdict]]

_installed: list[VerdictReader] = [lambda user, subjects: {}]


def install(reader: VerdictReader) -> None:
    _installed[0] = reader


def verdicts(user: User | None, subject_ids: Collection[int]) -> dict[int, ReviewVerdict]:
    """Return the verdicts on these breach groups that the user may see: subject id -> verdict."""
    return _installed[0](user, subject_ids) if subject_ids else {}
