"""Sparse fields: `?fields=reference,title` names the members that the rows of an answer have."""

from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

FIELDS = "fields"


@cache
def known_fields(row: type[serializers.Serializer]) -> tuple[str, ...]:
    """Return the names of the fields of a row."""
    return tuple(row().fields)


def chosen_fields(request: Request, row: type[serializers.Serializer]) -> frozenset[str] | None:
    """Return the fields of ?fields=, None for all of them. Raises ValidationError that names the fix."""
    sent = request.query_params.getlist(FIELDS)
    if not sent:
        return None
    known = known_fields(row)
    names = sent[0].split(",")
    if len(sent) > 1:
        raise ValidationError({FIELDS: ["Send it once, with commas between the names."]})
    if unknown := [name for name in names if name not in known]:
        raise ValidationError({FIELDS: [f"“{unknown[0]}” is no field of a row. Known: {', '.join(known)}."]})
    return frozenset(names)


def only(rows: list[dict[str, Any]], chosen: frozenset[str] | None) -> list[dict[str, Any]]:
    """Return the rows with the chosen fields only."""
    if chosen is None:
        return rows
    return [{name: value for name, value in row.items() if name in chosen} for row in rows]
