"""Fair turns, by present load. Pure: the same question has the same answer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")


def key_of(candidate: Any) -> Any:
    return candidate.pk


def fewest(
    candidates: Sequence[T],
    load: Mapping[Any, int],
    *,
    count: int = 1,
    last: Mapping[Any, datetime] | None = None,
    key: Callable[[T], Any] = key_of,
) -> list[T]:
    """The `count` candidates with the least to do.

    load: key -> how much each has now (absent: nothing). last: key -> when each was last chosen; between
    equals the one who waited longest, then the one first in `candidates`, goes first.
    """
    order = {key(candidate): position for position, candidate in enumerate(candidates)}
    chosen_at = {name: at.timestamp() for name, at in (last or {}).items()}

    def turn(candidate: T) -> tuple[int, float, int]:
        name = key(candidate)
        return load.get(name, 0), chosen_at.get(name, float("-inf")), order[name]

    return sorted(candidates, key=turn)[:count]


def across(
    candidates: Sequence[T],
    load: Mapping[Any, int],
    *,
    count: int,
    group: Callable[[T], Any],
    last: Mapping[Any, datetime] | None = None,
    key: Callable[[T], Any] = key_of,
) -> list[T]:
    """Up to `count` candidates of as many groups as there are: first the least loaded of each group.

    group: candidate -> its function, or None, which counts as a group of its own. With two groups present and
    a count of two or more, the answer is of two groups at least.
    """
    waiting = fewest(candidates, load, count=len(candidates), last=last, key=key)
    chosen: list[T] = []
    while waiting and len(chosen) < count:
        seen: set[Any] = set()
        rest = []
        for candidate in waiting:
            if len(chosen) < count and group(candidate) not in seen:
                seen.add(group(candidate))
                chosen.append(candidate)
            else:
                rest.append(candidate)
        waiting = rest
    return chosen
