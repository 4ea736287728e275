"""Saved views, as their operation makes them."""

from itertools import count

from kit.actor import Actor
from people.models import User
from saved import operations
from saved.models import SavedView
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def view(name: str = "", query: str = "owner=me", *, owner: User | None = None, **fields) -> SavedView:
    by = Actor(owner or people.user(), "page")
    return operations.add(
        **{"list": "risks", "name": name or f"View {next(_numbers)}", "query": query, **fields}, by=by, at=AT
    )
