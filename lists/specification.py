"""Filters and orders of lists: one specification per noun, which its page and its API share.

A room's filters.py builds a ListSpec from the constructors in lists/filtering.py. A list refuses, by name,
a parameter that its specification does not have, a parameter that is sent twice, and a value that is not
allowed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from unicodedata import normalize
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from kit import clock
from kit.refusals import Refused
from kit.sight import Visitor

MAX_VALUES = 100
# Parameters that every list has for paging.
PLACE = ("after", "before", "limit")
FORMATS = frozenset({"date", "date-time"})


@dataclass(frozen=True, slots=True)
class Reader:
    """The person who asks for a list, the calendar day in their time zone, and the present moment."""

    user: Visitor
    today: date
    at: datetime = field(default_factory=clock.now)


Condition = Callable[[Sequence[Any], Reader], Q]


@dataclass(frozen=True, slots=True)
class Filter:
    """One query parameter of a list.

    label: its name on the page. condition: a function of the parsed values and the reader that returns a Q
    over the rows. parse: a function from text to value; raises ValueError with the fix.
    choices: (value, label) pairs of a small, fixed domain. special_values: further values with a special
    meaning, such as "me" and "none", with their labels. options: a function from a user to (value, label)
    pairs, where the page offers rows of the database. is_many: "a,b" matches either. help: for the API
    reference.
    shape: what `parse` accepts, for the API reference: a regular expression, or the name of a JSON Schema
    format, such as "date". "" for any text, and for nothing but choices and special values.
    names: a function from keys of rows and a user to key -> name, of the rows that the user may see.
    takes_argument: the condition also takes a kit.prepared.Argument as its only value, and uses nothing but
    the sight of the reader. Say False where replace() gives a filter another condition.
    domain: a function that returns all values, of a fixed set that the rooms declare later than the filter.
    """

    label: str
    condition: Condition
    parse: Callable[[str], Any] = str
    choices: tuple[tuple[str, str], ...] = ()
    special_values: tuple[tuple[str, str], ...] = ()
    options: Callable[[Any], Sequence[tuple[str, str]]] | None = None
    is_many: bool = True
    help: str = ""
    shape: str = ""
    names: Callable[[Sequence[Any], Any], Mapping[str, str]] | None = None
    takes_argument: bool = False
    domain: Callable[[], Sequence[str]] | None = None

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the text of the parameter."""
        if self.shape in FORMATS:
            return {"type": "string", "format": self.shape}
        if not self.shape and not self.choices and not self.domain:
            many = {"pattern": f"^[^,]*(,[^,]*){{0,{MAX_VALUES - 1}}}$"} if self.is_many else {}
            return {"type": "string", "minLength": 1, **many}
        fixed = [value for value, _ in (*self.choices, *self.special_values)]
        fixed += self.domain() if self.domain else []
        if not self.is_many and not self.shape:
            return {"type": "string", "enum": fixed}
        one = "|".join([*map(re.escape, fixed), *([self.shape] if self.shape else [])])
        if not self.is_many:
            return {"type": "string", "pattern": f"^({one})$"}
        return {"type": "string", "pattern": f"^ *({one})( *, *({one})){{0,{MAX_VALUES - 1}}} *$"}

    def values_of(self, text: str) -> tuple[Any, ...]:
        """Parse the text of the parameter. Raises ValueError with the fix."""
        if text == "":
            raise ValueError("Give a value, or leave the parameter out.")
        parts = [part.strip() for part in text.split(",")] if self.is_many else [text]
        if len(parts) > MAX_VALUES:
            raise ValueError(f"Use at most {MAX_VALUES} values at a time.")
        parts = [normalize("NFC", part) for part in parts]  # as texts are stored (kit.texts)
        special = {value for value, _ in self.special_values}
        return tuple(part if part in special else self.parse(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a list. keys: field names, "-" for descending; the last is unique (the primary key)."""

    label: str
    keys: tuple[str, ...]


class BadQuery(Refused):
    """A list does not know a parameter or a value of it. errors: parameter -> message with the fix."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        name, message = next(iter(errors.items()))
        super().__init__(message, field=name)
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Selection:
    """The parsed query string of a list.

    texts: parameter -> text, as it was sent, of the filters and the order. values: filter -> parsed values.
    order: the name of the order. place: "after", "before" and "limit", as text. columns: the names of the
    columns that were chosen, in this order; () for those that the list shows by itself.
    """

    texts: Mapping[str, str]
    values: Mapping[str, tuple[Any, ...]]
    order: str
    place: Mapping[str, str]
    columns: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        return bool(self.values)

    def in_order(self, name: str) -> "Selection":
        """Return this selection in another order, unless the query asks for one itself."""
        return self if "order" in self.texts else replace(self, order=name)

    def has(self, name: str, value: Any) -> bool:
        """Return whether a filter is set to this value, possibly among others."""
        return str(value) in self.texts.get(name, "").split(",")

    def query(self, **changes: str | None) -> str:
        """Return the query string with some parameters changed (None removes one), on the first page."""
        texts = {**self.texts, **changes}
        return urlencode({name: text for name, text in texts.items() if text}, safe=",:")

    def without(self, name: str) -> "Selection":
        """Return this selection with one filter removed."""
        return replace(
            self,
            texts={key: text for key, text in self.texts.items() if key != name},
            values={key: values for key, values in self.values.items() if key != name},
        )

    def toggled(self, name: str, value: Any) -> str:
        """Return the query string with one value of a filter added, or removed when it is set."""
        parts = [part for part in self.texts.get(name, "").split(",") if part]
        text = str(value)
        parts = [part for part in parts if part != text] if text in parts else [*parts, text]
        return self.query(**{name: ",".join(parts) or None})


@dataclass(frozen=True, slots=True)
class ListSpec:
    """Filters and orders of one noun. The first order is the default.

    further: parameters that the page or resource reads by itself. required: filters that the API must be
    given. is_paged: whether it has the parameters of PLACE. columns: name -> label of the columns that a
    reader can choose with ?columns=.
    """

    filters: Mapping[str, Filter]
    orders: Mapping[str, Order]
    further: tuple[str, ...] = field(default=())
    required: tuple[str, ...] = ()
    is_paged: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)

    def whole(self, *further: str) -> "ListSpec":
        """Return the same list without pages, for an act on all its rows. further: its own parameters."""
        return replace(self, further=(*self.further, *further), is_paged=False)

    def read(self, query: Mapping[str, Sequence[str]]) -> Selection:
        """Parse a query (parameter -> its texts, as QueryDict.lists() gives them). Raises BadQuery."""
        errors = self._malformed(query)
        texts = {name: parts[0] for name, parts in query.items() if name not in errors}
        values = {}
        for name, list_filter in self.filters.items():
            if name in texts:
                try:
                    values[name] = list_filter.values_of(texts[name])
                except ValueError as error:
                    errors[name] = str(error)
        order = texts.get("order", next(iter(self.orders)))
        if order not in self.orders:
            errors.setdefault("order", f"Use one of {', '.join(self.orders)}.")
        columns = tuple(part.strip() for part in texts["columns"].split(",")) if "columns" in texts else ()
        if not set(columns) <= set(self.columns) or len(set(columns)) < len(columns):
            errors.setdefault("columns", f"Use some of {', '.join(self.columns)}, each once.")
        if errors:
            raise BadQuery(errors)
        kept = {*self.filters, "order", "columns"}
        texts_kept = {name: text for name, text in texts.items() if name in kept}
        place = {name: texts[name] for name in PLACE if name in texts}
        return Selection(texts_kept, values, order, place, columns)

    def _malformed(self, query: Mapping[str, Sequence[str]]) -> dict[str, str]:
        columns = ("columns",) if self.columns else ()
        known = {*self.filters, "order", *columns, *(PLACE if self.is_paged else ()), *self.further}
        listed = ", ".join(sorted(known))
        errors = {}
        for name, parts in query.items():
            if name not in known:
                errors[name or "query"] = f"No such parameter. Known: {listed}."
            elif len(parts) > 1:
                errors[name] = "Send it once; separate several values with commas."
            elif "\x00" in parts[0]:
                errors[name] = "A NUL character cannot be searched for."
        for name in self.required:
            if name not in query:
                errors[name] = f"This is required. {self.filters[name].help}"
        return errors

    def apply(self, rows: QuerySet, selection: Selection, reader: Reader) -> QuerySet:
        """Return the rows that the selection asks for. Unordered: paging orders them by keys_of()."""
        for name, values in selection.values.items():
            rows = rows.filter(self.filters[name].condition(values, reader))
        return rows

    def arguments(self, selection: Selection) -> dict[str, Any] | None:
        """Return filter -> value if each filter takes an Argument for its value, else None."""
        found = {}
        for name, values in selection.values.items():
            one = self.filters[name]
            is_special = values[0] in dict(one.special_values)
            if not one.takes_argument or len(values) > 1 or is_special:
                return None
            found[name] = values[0]
        return found

    def keys_of(self, selection: Selection) -> tuple[str, ...]:
        return self.orders[selection.order].keys

    def chips(self, selection: Selection) -> list[tuple[str, str, str]]:
        """Return the active filters: (parameter, label with values, the query string without it)."""
        return [
            (
                name,
                f"{self.filters[name].label}: {self._value_labels(name, selection)}",
                selection.query(**{name: None}),
            )
            for name in selection.values
        ]

    def names_of(self, name: str, selection: Selection, user: Visitor) -> dict[str, str | None] | None:
        """Return the name of each value of a filter, None for a row that this user may not see.

        Returns None if its values are not keys of rows. At most one query.
        """
        one = self.filters[name]
        if one.names is None:
            return None
        special = dict(one.special_values)
        keys = [value for value in selection.values[name] if value not in special]
        known = {**special, **(one.names(keys, user) if keys else {})}
        return {str(value): known.get(str(value)) for value in selection.values[name]}

    def _value_labels(self, name: str, selection: Selection) -> str:
        labels = dict((*self.filters[name].choices, *self.filters[name].special_values))
        return ", ".join(labels.get(part, part) for part in selection.texts[name].split(","))
