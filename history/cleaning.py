"""Applies the rule of kit/texts.py to rows. Every write passes here.

A CharField is one line, a TextField has many lines, and the texts inside JSON and arrays are cleaned too. So
pages, the API, imports, intake and management commands store the same text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kit.texts import many_lines, many_lines_within, one_line


def clean(objs: Sequence[models.Model]) -> None:
    """Clean all texts of new rows of one kind, in place."""
    fields = [field for field in objs[0]._meta.concrete_fields if _has_text(field)]
    for obj in objs:
        for field in fields:
            setattr(obj, field.attname, _cleaned(field, getattr(obj, field.attname)))


def cleaned(obj: models.Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with their texts cleaned. values: by the names of fields of `obj`."""
    return {name: _cleaned(obj._meta.get_field(name), value) for name, value in values.items()}


def differing(obj: models.Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cleaned values that differ from those of the row."""
    return {name: value for name, value in cleaned(obj, values).items() if getattr(obj, name) != value}


def _has_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField | models.JSONField | ArrayField)


def _cleaned(field: Any, value: Any) -> Any:
    if isinstance(field, models.JSONField):
        return many_lines_within(value)
    if isinstance(field, ArrayField) and isinstance(value, list):
        return [_cleaned(field.base_field, inner) for inner in value]
    # A member of TextChoices such as RiskState.OPEN is a text too. It needs no cleaning and must keep its
    # class.
    if not isinstance(value, str) or field.choices:
        return value
    if isinstance(field, models.TextField):
        return many_lines(value)
    return one_line(value) if isinstance(field, models.CharField) else value
