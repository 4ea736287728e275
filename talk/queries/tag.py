"""The vocabulary of tags, with the number of objects that have each, as far as the reader sees them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Exists, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from kit import kinds
from kit.kinds import Kind
from kit.sight import Visitor
from lists.collation import BY_NAME
from lists.registry import every
from lists.specification import Reader
from talk.models import Tag
from talk.tags import MAX_TAG

SUGGESTED = 200


class _ArrayOf(Func):
    """An array with one text, for `tags @> ARRAY[name]`, which the index on tags serves."""

    template = "ARRAY[%(expressions)s]::varchar[]"
    output_field = ArrayField(CharField(max_length=MAX_TAG))


@dataclass(frozen=True, slots=True)
class Known:
    """A tag of the vocabulary. current_name: that of its successor, if it was replaced."""

    current_name: str
    is_retired: bool


def known(names: Iterable[str]) -> dict[str, Known]:
    """Return the tags of these names that the vocabulary has. One query, none without names."""
    wanted = list(names)
    if not wanted:
        return {}
    rows = Tag.objects.filter(name__in=wanted).values_list("name", "replaced_by__name", "retired_at")
    return {name: Known(successor or name, retired_at is not None) for name, successor, retired_at in rows}


def is_visible(name: str, reader: Visitor) -> bool:
    """Return whether the reader sees an object that has the tag. One query for each kind at most."""
    return any(
        kind.row.objects.visible_to(reader).filter(tags__contains=[name]).exists() for kind in kinds.tagged()
    )


def tags(reader: Visitor) -> QuerySet[Tag]:
    """Return the tags that the reader sees on an object.

    With number_<kind> for each kind, and number for all: counts of the objects that the reader sees.
    """
    tagged = kinds.tagged()
    rows = Tag.objects.filter(
        reduce(Q.__or__, (Q(Exists(_of(kind, reader))) for kind in tagged), Q(pk__in=[]))
    )
    counts: dict[str, Any] = {f"number_{kind.key}": _count(kind, reader) for kind in tagged}
    total = reduce(add, (_count(kind, reader) for kind in tagged))
    return rows.annotate(**counts, number=total)


def with_listed(rows: QuerySet[Tag], reader: Reader) -> QuerySet[Tag]:
    """Return the tags with listed_<kind> for each kind: the objects that its list shows for the tag.

    A list shows what is current, such as live risks, while number_<kind> counts all objects.
    """
    listed = {
        f"listed_{kind.key}": _number(_tagged(one.rows(one.read(""), reader)))
        for kind in kinds.tagged()
        for one in every()
        if one.url_name == kind.tagged_list
    }
    return rows.annotate(**listed)


def suggested(reader: Visitor) -> list[str]:
    """Return the names of the most used tags that are not retired, for the form fields with tags."""
    rows = tags(reader).filter(retired_at=None).order_by("-number", *BY_NAME)
    return list(rows.values_list("name", flat=True)[:SUGGESTED])


def _of(kind: Kind, reader: Visitor) -> QuerySet[Any]:
    """Return the visible objects of a kind that have the tag of the outer query."""
    return _tagged(kind.row.objects.visible_to(reader))


def _tagged(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(tags__contains=_ArrayOf(OuterRef("name"))).order_by()


def _count(kind: Kind, reader: Visitor) -> Coalesce:
    return _number(_of(kind, reader))


def _number(rows: QuerySet[Any]) -> Coalesce:
    numbers = rows.annotate(all=Func(template="count(*)", output_field=IntegerField())).values("all")
    return Coalesce(Subquery(numbers, output_field=IntegerField()), 0)
