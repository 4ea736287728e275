"""Kinds of domain objects: the labels, the page, the permission and the search rank of each.

Each room declares its kinds in `<room>/kinds.py`; riskhub/collect.py collects and installs them. Rooms look
kinds up here, so no room imports a room above it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Page:
    """The address of a kind: a URL name, and the subject's attribute that is its only argument."""

    url_name: str
    argument: str = "reference"

    def address(self, subject: Any) -> str:
        """Return the path of a subject's page; "" if there is none, because a mail must not fail for that."""
        try:
            return reverse(self.url_name, args=[getattr(subject, self.argument)])
        except NoReverseMatch:
            return ""


@dataclass(frozen=True, slots=True)
class NoPage:
    """A kind that has no page of its own. because: where its objects are shown instead."""

    because: str

    def address(self, subject: Any) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of domain object, declared once.

    row: the model, with KIND (the name in history) and PREFIX (the letter of its references, None without).
    label, plural: as headings show them. icon: a name of static/icons. permission: needed to see any of them.
    search_rank: the place of its group on the search page; None when search does not find this kind.
    bundled_with: the path to the id of the subject whose line of the inbox has the news of this kind, too. No
    object of that subject's kind may lead back to this one.
    texts: what search finds besides the subject's reference and title: a history.documents.Texts, or None.
    watched_by: paths to the ids of people who watch an object without asking for it, such as its owner.
    tagged_list: the URL name of its list, which has the filter `tag`, if its rows have the array `tags`.
    is_discussed: whether its page has comments. A kind without a page has none.
    """

    row: Any
    label: str
    plural: str
    icon: str
    page: Page | NoPage
    permission: str
    search_rank: int | None = None
    texts: Any = None
    bundled_with: str = ""
    watched_by: tuple[str, ...] = ()
    tagged_list: str = ""
    is_discussed: bool = True

    @property
    def key(self) -> str:
        return self.row.KIND

    @property
    def prefix(self) -> str | None:
        return self.row.PREFIX


_kinds: dict[str, Kind] = {}


def install(kinds: Iterable[Kind]) -> None:
    """Replace the kinds. Raises ValueError if two have the same key or the same reference prefix."""
    by_key: dict[str, Kind] = {}
    prefixes: dict[str, str] = {}
    for kind in kinds:
        if kind.key in by_key:
            raise ValueError(f"The kind {kind.key} is declared twice.")
        if kind.prefix and kind.prefix in prefixes:
            raise ValueError(f"{kind.key} and {prefixes[kind.prefix]} have the same prefix {kind.prefix}.")
        by_key[kind.key] = kind
        if kind.prefix:
            prefixes[kind.prefix] = kind.key
    _kinds.clear()
    _kinds.update(by_key)


def every() -> tuple[Kind, ...]:
    """Return all kinds, in the order in which they were installed."""
    return tuple(_kinds.values())


def keys() -> list[str]:
    """Return the keys of all kinds."""
    return list(_kinds)


def find(key: str) -> Kind | None:
    """Return the kind of this key, None for an unknown one."""
    return _kinds.get(key)


def alike(key: str) -> tuple[str, ...]:
    """Return the kinds whose objects are rows of one table, such as people and service accounts."""
    kind = _kinds.get(key)
    if kind is None:
        return (key,)
    table = kind.row._meta.db_table
    return tuple(one.key for one in _kinds.values() if one.row._meta.db_table == table)


def prefixes() -> frozenset[str]:
    """Return the letters that references begin with."""
    return frozenset(kind.prefix for kind in _kinds.values() if kind.prefix)


def searchable() -> tuple[Kind, ...]:
    """Return the kinds that search finds, in the order of their groups."""
    ranked = [(kind.search_rank, kind) for kind in _kinds.values() if kind.search_rank is not None]
    return tuple(kind for _, kind in sorted(ranked, key=lambda pair: pair[0]))


def tagged() -> tuple[Kind, ...]:
    """Return the kinds whose objects have tags."""
    return tuple(kind for kind in _kinds.values() if kind.tagged_list)


def url_of(subject: Any) -> str:
    """Return the path of a subject's page (anything with kind, object_id, reference); "" without a page."""
    kind = _kinds.get(subject.kind)
    return kind.page.address(subject) if kind else ""
