"""Edit conflicts: the page shows both texts, field by field, and the form keeps the writer's input."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Model
from django.utils import timezone
from django.utils.text import capfirst

_NOTHING = "none"
_NOT_A_CHOICE = "not among your choices"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field whose value differs between the writer's form and the saved row, as text for the page."""

    label: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A form that was rendered from an older version of its object, or that does not name its version.

    version: the current version of the object; a deliberate second save sends it. state: the current state of
    the object, "" if it has none. is_unversioned: whether the form had no version. differences: only the
    fields whose values differ.
    """

    version: int
    state: str
    is_unversioned: bool
    differences: tuple[Difference, ...]


class Comparable(Protocol):
    """A valid form whose values have the names of the row's fields (pages.forms.PageForm)."""

    fields: dict[str, Any]

    def values(self) -> dict[str, Any]: ...


def conflict_of(form: Comparable, present: Any, *, is_unversioned: bool = False) -> Conflict:
    """Compare a valid form with the current row (`present`, with a `version`)."""
    state = present.get_state_display() if hasattr(present, "get_state_display") else ""
    return Conflict(present.version, state, is_unversioned, tuple(_differences(form, present)))


def _differences(form: Comparable, present: Any) -> Iterator[Difference]:
    for name, value in form.values().items():
        if not hasattr(present, name):  # such as the reason of a step: the row has no such field
            continue
        if isinstance(value, dict):
            yield from _differences_within(form, name, value, getattr(present, name))
            continue
        field = form.fields.get(name)
        mine, theirs = _displayed(field, value), _displayed(field, getattr(present, name))
        if mine != theirs:
            label = getattr(field, "label", None) or capfirst(name.replace("_", " "))
            yield Difference(label, mine, theirs)


def _differences_within(
    form: Comparable, name: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield the parts of a value that differ. The form has a field "<name>.<key>" for each part."""
    for key, value in mine.items():
        field, saved = form.fields.get(f"{name}.{key}"), theirs.get(key)
        texts = _displayed(field, value), _displayed(field, saved)
        if value != saved and texts[0] != texts[1]:
            yield Difference(getattr(field, "label", None) or key, *texts)


def _displayed(field: Any, value: Any) -> str:
    """Return a value as the form shows it: a choice by its label, a list by its elements."""
    if hasattr(value, "all"):  # a related manager or a queryset: it has no order of its own
        value = sorted(value.all(), key=str)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        value = f"{timezone.localtime(value):%-d %b %Y, %H:%M}"
    labels = {str(key): str(label) for key, label in getattr(field, "choices", ()) if not _is_group(label)}
    if labels and isinstance(value, Model):
        # The saved row may name something that this reader may not see, so only choices are named.
        return labels.get(str(value.pk), _NOT_A_CHOICE)
    if str(value) in labels:
        return labels[str(value)]
    if isinstance(value, list | tuple | set):
        return ", ".join(str(part) for part in value) or _NOTHING
    return _NOTHING if value in (None, "") else str(value)


def _is_group(label: Any) -> bool:
    return isinstance(label, list | tuple)
