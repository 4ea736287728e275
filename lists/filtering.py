"""Constructors of filters, for the filters.py of a room: each returns a Filter over one kind of value."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, Q, QuerySet, Subquery

from kit.sight import Visitor
from lists.specification import Condition, Filter, Reader

NUMBER = "[0-9]{1,18}"
PERSON = f"{NUMBER}|[^@, ]*@[^@, ]+"
A_PERSON = "The number, the email address or the @handle of a person"


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

    return Filter(label, equals(path), parse, pairs, help=help, takes_argument=True)


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
    """Parse an ISO date of the years 1000 to 2999. Raises ValueError.

    A period around such a day stays within the calendar.
    """
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValueError("Use a date such as 2026-03-31.") from None
    if not 1000 <= found.year <= 2999:
        raise ValueError("Use a date of the years 1000 to 2999, such as 2026-03-31.")
    return found


def key(label: str, path: str, help: str = "") -> Filter:
    """Return a filter by the id of a related row. path: the foreign key, such as "owner_id"."""
    return Filter(label, equals(path), number, help=help, shape=NUMBER, takes_argument=True)


def person_key(text: str) -> int:
    """Return the id of a person: an id, an email address, or a handle after its @. Raises ValueError.

    At most one query.
    """
    if "@" not in text:
        if text.isascii() and text.isdigit():
            return number(text)
        raise ValueError(f"Use {A_PERSON[0].lower()}{A_PERSON[1:]}.")
    named = {"handle": text[1:].lower()} if text.startswith("@") else {"email": text.lower()}
    found = get_user_model()._default_manager.filter(**named).values_list("pk", flat=True).first()
    if found is None:
        raise ValueError(f"There is no person “{text[:80]}”. Use an id, an email address or an @handle.")
    return int(found)


def person(
    label: str,
    path: str,
    options: Callable[[Any], Sequence[tuple[str, str]]] | None = None,
    help: str = f"{A_PERSON}, me, or none.",
    names: Callable[[Sequence[Any], Any], Mapping[str, str]] | None = None,
) -> Filter:
    """Return a filter by a person: what person_key() reads, "me" for the reader, or "none".

    path: such as "owner".
    """

    def condition(values: Sequence[Any], reader: Reader) -> Q:
        ids = [reader.user.pk if value == "me" else value for value in values if value != "none"]
        known = equals(f"{path}_id")(ids, reader) if ids else Q()
        return known | Q(**{f"{path}__isnull": True}) if "none" in values else known

    return Filter(
        label,
        condition,
        person_key,
        special_values=(("me", "Me"), ("none", "Unassigned")),
        options=options,
        help=help,
        shape=PERSON,
        names=names,
    )


_PK = F("pk")


def slug(
    label: str,
    path: str,
    rows: Callable[[Any], QuerySet],
    *,
    options: Callable[[Any], Sequence[tuple[str, str]]] | None = None,
    special_values: tuple[tuple[str, str], ...] = (),
    help: str = "",
    key: Any = _PK,
) -> Filter:
    """Return a filter by the slug of a related row, among the rows that the reader may see.

    rows: a function from a user to a queryset. special_values: "none" and its label, where the row may be
    missing; elsewhere "none" is a slug like others. key: an expression for the id that the path has, where
    another row took over those of the named one.
    Each slug becomes a scalar subquery, because PostgreSQL then reads the rows in order from an index. It
    does not do that for a join.
    """

    takes_none = "none" in dict(special_values)

    def condition(values: Sequence[str], reader: Reader) -> Q:
        named = Q()
        for value in values:
            if value == "none" and takes_none:
                named |= Q(**{f"{path}__isnull": True})
            else:
                named |= Q(**{path: Subquery(rows(reader.user).filter(slug=value).values(key=key)[:1])})
        return named

    def names(values: Sequence[Any], user: Visitor) -> Mapping[str, str]:
        return dict(rows(user).filter(slug__in=values).values_list("slug", "name"))

    return Filter(
        label,
        condition,
        special_values=special_values,
        options=options,
        help=help,
        names=names,
        takes_argument=True,
    )


def subject(label: str, path: str, subjects: Callable[[Any], QuerySet], help: str = "") -> Filter:
    """Return a filter by the reference of a related subject, among those that the reader may see."""

    def condition(values: Sequence[str], reader: Reader) -> Q:
        named = subjects(reader.user).filter(reference__in=[value.upper() for value in values])
        return Q(**{f"{path}__in": named.values("pk")})

    return Filter(label, condition, help=help or "A reference such as R-12.")


def exact(label: str, path: str, fold: Callable[[str], str] = str, help: str = "") -> Filter:
    """Return a filter by the exact text of a field. fold: brings a value to its stored form, as str.lower."""
    return Filter(label, equals(path), fold, help=help)


def declared_name(label: str, path: str, domain: Callable[[], Sequence[str]], help: str) -> Filter:
    """Return a filter by the exact name of something that the code declares, such as a kind of object.

    domain: returns all names. help: what names there are, as a sentence.
    """

    def parse(text: str) -> str:
        if text not in domain():
            raise ValueError(f"There is no “{text[:80]}”. {help}")
        return text

    return Filter(label, equals(path), parse, help=help, domain=domain)


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
