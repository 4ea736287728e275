"""The flow of every list page: read the query, filter the rows, return one page of them."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest

from kit import clock
from kit.refusals import Refused
from kit.sight import Visitor
from lists import paging
from lists.specification import BadQuery, ListSpec, Reader, Selection
from pages.requests import PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a filter. query: the query string of the address with this value switched."""

    value: str
    label: str
    is_chosen: bool
    query: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter of the list. query: the query string of the address without it."""

    name: str
    value: str
    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Filtering:
    """What a page shows about the filters and orders of a list."""

    user: Visitor
    spec: ListSpec
    selection: Selection

    @property
    def is_narrowed(self) -> bool:
        return self.selection.is_narrowed

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(name, self.selection.texts[name], label, query)
            for name, label, query in self.spec.chips(self.selection)
        ]

    @property
    def orders(self) -> list[Option]:
        return [
            Option(name, order.label, name == self.selection.order, self.selection.query(order=name))
            for name, order in self.spec.orders.items()
        ]

    def options(self, name: str) -> list[Option]:
        """Return the values of one filter, each with the link that switches it on or off."""
        one = self.spec.filters[name]
        rows = one.options(self.user) if one.options else ()

        def switched(value: str) -> str:
            if one.is_many:
                return self.selection.toggled(name, value)
            return self.selection.query(**{name: value})

        return [
            Option(value, label, self.selection.has(name, value), switched(value))
            for value, label in (*one.special_values, *one.choices, *rows)
        ]


@dataclass(frozen=True, slots=True)
class Listing(Filtering):
    """One page of a filtered list.

    rows: all rows that the filters leave, not only those of the page, for counts.
    """

    rows: QuerySet[Any]
    page: paging.KeysetPage


def selection_of(request: HttpRequest, spec: ListSpec) -> Selection:
    """Read the query of a list page. Raises BadRequest, a 400 page that names parameter and fix."""
    try:
        # A form sends all its fields. An empty field means that the filter is not set.
        # Its boxes of columns have one name.
        sent = {
            name: [",".join(texts)] if name == "columns" else texts for name, texts in request.GET.lists()
        }
        return spec.read({name: texts for name, texts in sent.items() if any(texts)})
    except BadQuery as error:
        problems = " ".join(f"{name}: {message}" for name, message in error.errors.items())
        raise BadRequest(problems.replace("\x00", "")) from None


def reader_of(request: HttpRequest) -> Reader:
    return Reader(request.user, clock.today(), clock.now())


def listing(
    request: HttpRequest, spec: ListSpec, rows: QuerySet[Any], *, selection: Selection | None = None
) -> Listing:
    """Filter `rows` (those the reader may see) by the query. Return one page in the order of the query.

    selection: the parsed query, if the view has read it already to choose the rows. Costs one database query.
    Raises BadRequest for a query that the list does not accept. A cursor of another order gives the first
    page.
    """
    selection = selection or selection_of(request, spec)
    narrowed = spec.apply(rows, selection, reader_of(request))
    order = spec.keys_of(selection)
    cursors = {name: text for name, text in selection.place.items() if name != "limit"}
    try:
        page = paging.page(narrowed, order=order, size=PAGE_SIZE, **cursors)
    except Refused:
        page = paging.page(narrowed, order=order, size=PAGE_SIZE)
    return Listing(request.user, spec, selection, narrowed, page)


def kept_filters(shown: Listing, *controls: str) -> dict[str, Any]:
    """Return what the form of a list keeps of the filters without a control of their own.

    chips: the active ones. kept: their (name, text), which the form sends again. controls: the names of the
    filters with a control, apart from "q".
    """
    controlled = {*controls, "q"}
    return {
        "chips": [chip for chip in shown.chips if chip.name not in controlled],
        "kept": [
            (name, text) for name, text in shown.selection.texts.items() if name not in {*controlled, "order"}
        ],
    }
