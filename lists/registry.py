"""The lists that readers can save views of, each by a name that addresses and the database keep.

A room declares them as LISTS in its filters.py; riskhub/collect.py installs them. Other rooms find a list by
its name, so no room imports a room above it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs

from django.db.models import QuerySet
from django.urls import reverse

from lists.specification import ListSpec, Reader, Selection


@dataclass(frozen=True, slots=True)
class BuiltInView:
    """A view that every reader has.

    key: unique in its list. query: as in an address, "" for all rows. name: returns the label at each use, if
    the organisation can change it.
    """

    key: str
    label: str
    query: str = ""
    name: Callable[[], str] | None = None

    @property
    def present_label(self) -> str:
        return self.name() if self.name else self.label


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list page with its specification.

    name: unique, in addresses and the database. label: its heading. url_name: its page. permission: needed to
    see it. rows: a function from a selection and a reader to the rows that the page filters.
    """

    name: str
    label: str
    spec: ListSpec
    url_name: str
    permission: str
    rows: Callable[[Selection, Reader], QuerySet]
    built_in: tuple[BuiltInView, ...] = ()

    def read(self, query: str) -> Selection:
        """Parse a query string, with or without its question mark. Raises BadQuery."""
        parts = parse_qs(query.strip().removeprefix("?"), keep_blank_values=True)
        return self.spec.read({name: texts for name, texts in parts.items() if any(texts)})

    def chosen(self, selection: Selection, reader: Reader) -> QuerySet:
        """Return the rows that the page shows for a selection, without an order."""
        return self.spec.apply(self.rows(selection, reader), selection, reader)

    def address(self, query: str) -> str:
        """Return the path of the list with this query string."""
        path = reverse(self.url_name)
        return f"{path}?{query}" if query else path


_lists: dict[str, NamedList] = {}


def install(lists: Iterable[NamedList]) -> None:
    """Replace the lists. Raises ValueError for a second list of a name, BadQuery for a built-in view."""
    found: dict[str, NamedList] = {}
    for one in lists:
        if one.name in found:
            raise ValueError(f"The list {one.name} is declared twice.")
        for view in one.built_in:
            one.read(view.query)
        found[one.name] = one
    _lists.clear()
    _lists.update(found)


def find(name: str) -> NamedList | None:
    """Return the list of this name, None for an unknown one."""
    return _lists.get(name)


def every() -> Iterator[NamedList]:
    yield from _lists.values()


def names() -> list[str]:
    """Return the names of all lists."""
    return [one.name for one in every()]
