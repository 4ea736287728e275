"""The pages of a stranger are the same with and without a restricted risk: every tab, heading and total."""

import pytest
from django.db import transaction

from riskhub import schedule
from tests.flows.test_restricted_crawl import assert_none, everywhere
from tests.house import hidden
from tests.house.asking import client_of, comparable
from tests.house.hidden import LATER
from tests.house.world import build

pytestmark = pytest.mark.django_db


def test_a_stranger_s_pages_are_those_of_a_world_without_it(move_clock):
    """Every count in a tab, heading and total is the same too."""
    move_clock(LATER)
    world = build()
    hidden.cast(world)
    schedule.tick(LATER)
    client = client_of(world, "outsider")
    urls = [
        (address, address.url_of(world, world.open))
        for address in everywhere()
        if "GET" in address.methods and not address.name.startswith((*_OF_MEETINGS, *_RANDOM))
    ]
    before = {url: comparable(client.get(url), str) for _, url in urls}

    with transaction.atomic():
        family = hidden.add(world, is_told=False)
        hidden.restrict(family, world)

    after = {url: comparable(client.get(url), str) for _, url in urls}
    assert_none(
        [(url, *_first_difference(before[url], after[url])) for url in before if before[url] != after[url]]
    )


_RANDOM = ("people:passkey",)  # each answer has a challenge of its own
# Pages with the meetings and the restricted items of the hidden objects.
_OF_MEETINGS = ("meetings:", "api/meeting", "api/agenda-items", "api/events", "home")


def _first_difference(one: str, other: str) -> tuple[str, str]:
    pairs = zip(one.splitlines(), other.splitlines(), strict=False)
    return next(((a, b) for a, b in pairs if a != b), ("", "more or fewer lines"))
