"""Every number that a form or a body takes has a smallest and a largest value."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from django import forms
from rest_framework import serializers

from pages.forms import PageForm
from rest.fields import Body
from tests.house.rooms import COLUMN, ROOT

# Figures that people enter: kit.figures.checked() bounds them, for pages and the API alike.
ENTERED = {"target", "start", "figure", "metric_before", "metric_after"}
# Rules of metrics: signals.thresholds.problems() bounds them. Their limits, and the value of a tripwire, are
# compared with points, which may be any finite number.
RULES = {"warning", "critical", "clear", "warning_low", "critical_low", "clear_low", "needed", "among"}
RULES |= {"window_hours", "reopen_hours", "tripwire_value", "value"}
# Figures that tools measured. catalogue.recipes refuses one that is not finite.
MEASURED = {"metrics[]"}


def modules() -> Iterator[Any]:
    for room in COLUMN:
        for path in sorted((ROOT / room).rglob("*.py")):
            shelf = path.relative_to(ROOT / room).parts[0].removesuffix(".py")
            if shelf in {"forms", "api", "intake"}:
                yield importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def classes(base: type) -> list[Any]:
    found = {
        one
        for module in modules()
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, base)
    }
    return sorted(found, key=lambda one: (one.__module__, one.__qualname__))


def numbers(fields: dict[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the field of each number, also in lists and in objects within a body."""
    for name, field in fields.items():
        if isinstance(
            field,
            forms.IntegerField | serializers.IntegerField | serializers.FloatField | serializers.DecimalField,
        ):
            yield f"{within}{name}", field
        elif child := getattr(field, "child", None):
            yield from numbers({f"{name}[]": child}, within)
        elif isinstance(field, serializers.Serializer):
            yield from numbers(field.fields, f"{within}{name}.")


def test_every_number_has_bounds():
    of_forms = [(form, form.base_fields) for form in classes(PageForm)]
    of_bodies = [(body, body().fields) for body in classes(Body)]
    found = [
        (f"{one.__module__}.{one.__name__} {path}", path.rsplit(".")[-1], field)
        for one, fields in (*of_forms, *of_bodies)
        for path, field in numbers(fields)
    ]

    unbounded = [
        where
        for where, name, field in found
        if (field.min_value is None or field.max_value is None) and name not in ENTERED | RULES | MEASURED
    ]

    assert unbounded == []
    assert len(found) > 60
