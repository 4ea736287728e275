"""Fair choice of people by their current load. Pure functions."""

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
    """Return the `count` candidates with the lowest load.

    load: key -> current load (missing: 0). last: key -> the moment of the last choice. Among equals, the
    candidate who was chosen least recently comes first, then the one who is first in `candidates`.
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
    """Return up to `count` candidates of as many groups as possible: first the least loaded of each group.

    group: candidate -> its function; None is a group too. With two groups and a count of two or more, the
    result has candidates of at least two groups.
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


def longest_ago(candidates: Sequence[int], called: Mapping[int, int]) -> int:
    """Return the candidate whose last call is the longest ago, for people who take turns.

    candidates: at least one. called: candidate -> a number that grows with each call; missing if never
    called, which comes first. Among equals the first of `candidates` is taken. So of n people who are all
    available, any n calls in a row reach each of them once. Who was away is called once when they are back,
    and a newcomer once, and then they take turns as everyone does.
    """
    return min(candidates, key=lambda candidate: called.get(candidate, -1))
