"""Filters and orders of lists: one specification per noun, which its page and its API share.

A room's filters.py builds a ListSpec from the constructors here. A list refuses, by name, a parameter that
its specification does not have, a parameter that is sent twice, and a value that is not allowed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, Subquery

from kit import clock
from kit.refusals import Refused
from kit.sight import Visitor

MAX_VALUES = 100
# Parameters that every list has for paging.
PLACE = ("after", "before", "limit")
FORMATS = frozenset({"date", "date-time"})
NUMBER = "[0-9]{1,18}"


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

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the text of the parameter."""
        if self.shape in FORMATS:
            return {"type": "string", "format": self.shape}
        if not self.shape and not self.choices:
            many = {"pattern": f"^[^,]*(,[^,]*){{0,{MAX_VALUES - 1}}}$"} if self.is_many else {}
            return {"type": "string", "minLength": 1, **many}
        fixed = [value for value, _ in (*self.choices, *self.special_values)]
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
    order: the name of the order. place: "after", "before" and "limit", as text.
    """

    texts: Mapping[str, str]
    values: Mapping[str, tuple[Any, ...]]
    order: str
    place: Mapping[str, str]

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
    given. is_paged: whether it has the parameters of PLACE.
    """

    filters: Mapping[str, Filter]
    orders: Mapping[str, Order]
    further: tuple[str, ...] = field(default=())
    required: tuple[str, ...] = ()
    is_paged: bool = True

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
        if errors:
            raise BadQuery(errors)
        kept = {name: text for name, text in texts.items() if name in self.filters or name == "order"}
        return Selection(kept, values, order, {name: texts[name] for name in PLACE if name in texts})

    def _malformed(self, query: Mapping[str, Sequence[str]]) -> dict[str, str]:
        known = {*self.filters, "order", *(PLACE if self.is_paged else ()), *self.further}
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


# ------------------------------------------------------------------ constructors


def equals(path: str) -> Condition:
    """Return the condition that a field has one of the values."""

    def condition(values: Sequence[Any], reader: Reader) -> Q:
        return Q(**{path: values[0]}) if len(values) == 1 else Q(**{f"{path}__in": list(values)})

    return condition


def choice(label: str, path: str, choices: Any, help: str = "") -> Filter:
    """Return a filter over the values of a Choices class (TextChoices or IntegerChoices)."""
    pairs = tuple((str(value), str(text)) for value, text in choices.choices)
    known = {text: value for (text, _), value in zip(pairs, choices.values, strict=True)}

    def parse(text: str) -> Any:
        if text not in known:
            raise ValueError(f"Use one of {', '.join(known)}.")
        return known[text]

    return Filter(label, equals(path), parse, pairs, help=help)


def named(label: str, conditions: Mapping[str, tuple[str, Callable[[Reader], Q]]], help: str = "") -> Filter:
    """Return a filter over named conditions: value -> (label, function from the reader to a Q)."""

    def parse(text: str) -> str:
        if text not in conditions:
            raise ValueError(f"Use one of {', '.join(conditions)}.")
        return text

    def condition(values: Sequence[str], reader: Reader) -> Q:
        return conditions[values[0]][1](reader)

    pairs = tuple((value, text) for value, (text, _) in conditions.items())
    return Filter(label, condition, parse, pairs, is_many=False, help=help)


def flag(label: str, condition: Q, help: str = "", *, labels: tuple[str, str] = ("Yes", "No")) -> Filter:
    """Return a yes-or-no filter: "true" keeps the rows that meet the condition, "false" the others.

    labels: the labels of true and of false on the page.
    """

    def parse(text: str) -> bool:
        if text not in {"true", "false"}:
            raise ValueError("Use true or false.")
        return text == "true"

    def either(values: Sequence[bool], reader: Reader) -> Q:
        return condition if values[0] else ~condition

    return Filter(label, either, parse, (("true", labels[0]), ("false", labels[1])), is_many=False, help=help)


def number(text: str) -> int:
    """Parse a positive whole number of at most 18 digits, the key of a row. Raises ValueError."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError("Use a whole number.")
    return int(text)


def day(text: str) -> date:
    """Parse an ISO date. Raises ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("Use a date such as 2026-03-31.") from None


def key(label: str, path: str, help: str = "") -> Filter:
    """Return a filter by the id of a related row. path: the foreign key, such as "owner_id"."""
    return Filter(label, equals(path), number, help=help, shape=NUMBER)


def person(
    label: str,
    path: str,
    options: Callable[[Any], Sequence[tuple[str, str]]] | None = None,
    help: str = "The number of a person, me, or none.",
    names: Callable[[Sequence[Any], Any], Mapping[str, str]] | None = None,
) -> Filter:
    """Return a filter by a person: an id, "me" for the reader, or "none". path: such as "owner"."""

    def condition(values: Sequence[Any], reader: Reader) -> Q:
        ids = [reader.user.pk if value == "me" else value for value in values if value != "none"]
        known = equals(f"{path}_id")(ids, reader) if ids else Q()
        return known | Q(**{f"{path}__isnull": True}) if "none" in values else known

    return Filter(
        label,
        condition,
        number,
        special_values=(("me", "Me"), ("none", "Unassigned")),
        options=options,
        help=help,
        shape=NUMBER,
        names=names,
    )


def slug(
    label: str,
    path: str,
    rows: Callable[[Any], QuerySet],
    *,
    options: Callable[[Any], Sequence[tuple[str, str]]] | None = None,
    special_values: tuple[tuple[str, str], ...] = (),
    help: str = "",
) -> Filter:
    """Return a filter by the slug of a related row, among the rows that the reader may see.

    rows: a function from a user to a queryset. special_values: "none" and its label, where the row may be
    missing.
    Each slug becomes a scalar subquery, because PostgreSQL then reads the rows in order from an index. It
    does not do that for a join.
    """

    def condition(values: Sequence[str], reader: Reader) -> Q:
        named = Q()
        for value in values:
            if value == "none":
                named |= Q(**{f"{path}__isnull": True})
            else:
                named |= Q(**{path: Subquery(rows(reader.user).filter(slug=value).values("pk")[:1])})
        return named

    def names(values: Sequence[Any], user: Visitor) -> Mapping[str, str]:
        return dict(rows(user).filter(slug__in=values).values_list("slug", "name"))

    return Filter(label, condition, special_values=special_values, options=options, help=help, names=names)


def subject(label: str, path: str, subjects: Callable[[Any], QuerySet], help: str = "") -> Filter:
    """Return a filter by the reference of a related subject, among those that the reader may see."""

    def condition(values: Sequence[str], reader: Reader) -> Q:
        named = subjects(reader.user).filter(reference__in=[value.upper() for value in values])
        return Q(**{f"{path}__in": named.values("pk")})

    return Filter(label, condition, help=help or "A reference such as R-12.")


def exact(label: str, path: str, fold: Callable[[str], str] = str, help: str = "") -> Filter:
    """Return a filter by the exact text of a field. fold: brings a value to its stored form, as str.lower."""
    return Filter(label, equals(path), fold, help=help)


def part(label: str, path: str, help: str = "") -> Filter:
    """Return a filter by a part of a text field, whatever its accents and its case."""
    return Filter(
        label,
        lambda values, reader: Q(**{f"{path}__collated__contains": values[0]}),
        is_many=False,
        help=help,
    )


def tag(label: str = "Tag", path: str = "tags", help: str = "Tags.") -> Filter:
    """Return a filter by any of several tags, of an array. Tags are lower case, without commas."""
    return Filter(label, lambda values, reader: Q(**{f"{path}__overlap": list(values)}), str.lower, help=help)


def moment(label: str, lookup: str, parse: Callable[[str], Any], help: str = "") -> Filter:
    """Return a filter by a moment. lookup: such as "at__gte". parse: from text to an aware datetime."""
    return Filter(
        label,
        lambda values, reader: Q(**{lookup: values[0]}),
        parse,
        is_many=False,
        help=help,
        shape="date-time",
    )
