"""Fair turns by load, pure."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from people.turns import across, fewest


def name(candidate):
    return candidate


def test_who_has_least_goes_first():
    assert fewest(["ana", "ben", "eva"], {"ana": 2, "ben": 1}, key=name) == ["eva"]
    assert fewest(["ana", "ben", "eva"], {"ana": 2, "ben": 1}, count=2, key=name) == ["eva", "ben"]


def test_between_equals_who_waited_longest_goes_first():
    now = datetime(2026, 11, 23, tzinfo=UTC)
    last = {"ana": now, "ben": now - timedelta(days=1)}

    assert fewest(["ana", "ben"], {}, last=last, key=name) == ["ben"]
    assert fewest(["ana", "ben", "eva"], {}, last=last, key=name) == ["eva"]


def test_over_many_turns_nobody_differs_by_more_than_one():
    load = Counter()

    for _ in range(100):
        load.update(fewest(["ana", "ben", "eva"], load, key=name))

    assert max(load.values()) - min(load.values()) <= 1


def test_across_takes_two_functions_where_there_are_two():
    function = {"ana": "science", "ben": "science", "eva": "risk"}

    assert across(list(function), {"eva": 9}, count=2, group=function.get, key=name) == ["ana", "eva"]
    assert across(list(function), {"eva": 9}, count=3, group=function.get, key=name) == ["ana", "eva", "ben"]
    assert across(["ana", "ben"], {}, count=2, group=function.get, key=name) == ["ana", "ben"]
