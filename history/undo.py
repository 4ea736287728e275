"""The undo of a change: it restores what events replaced, where nobody has changed it since."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from history import writing
from history.models import Event
from history.queries import present_data
from kit.actor import Actor
from lists.bulk import PlannedChange

Changes = Mapping[str, list[Any]]
Referred = Mapping[str, Mapping[int, Any]]


@dataclass(frozen=True, slots=True)
class Restorable:
    """What an undo restores of one kind of object.

    model: its label in history. fields: field of history -> field of the object. referred: field of history
    -> model that it refers to. limited: those of these models whose rows are not visible to everyone.
    leads_back: from the present and the former state, whether a step without input leads back. value: from
    the name of a field and what history stores to its value. label: from a field of history to its name.
    state_label: from a state to its name.
    """

    model: str
    fields: Mapping[str, str]
    referred: Mapping[str, Any]
    leads_back: Callable[[str, str], bool]
    value: Callable[[str, Any], Any]
    label: Callable[[str], str]
    state_label: Callable[[str], str]
    limited: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoResult:
    """rows: what was restored. left: reference -> the fields that somebody has changed since.

    refused: reference -> why something else of the object was not restored.
    """

    rows: list[PlannedChange]
    left: dict[str, list[str]]
    refused: dict[str, str]

    @property
    def count(self) -> int:
        return sum(row.outcome == "changed" for row in self.rows)


@dataclass(slots=True)
class Kept:
    """What is not restored of an object: labels of the fields changed since, and reasons for the others."""

    changed_since: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def changes_of(events: QuerySet[Event], model: str) -> dict[int, dict[str, list[Any]]]:
    """Return id -> field -> [old, new] of the events, for the rows of one model."""
    found: dict[int, dict[str, list[Any]]] = {}
    for event in events:
        for row in present_data(event)["rows"]:
            if row["model"] == model:
                found.setdefault(row["pk"], {}).update(row["changes"])
    return found


def referred(kind: Restorable, changes: Mapping[int, Changes], by: Actor) -> dict[str, dict[int, Any]]:
    """Return field of history -> id -> what the former values refer to, if the actor may see it."""
    found = {}
    for name, model in kind.referred.items():
        wanted = {of[name][0] for of in changes.values() if of.get(name, [None])[0] is not None}
        is_limited = by.person is not None and model in kind.limited
        rows = model.objects.visible_to(by.person) if is_limited else model.objects.all()
        found[name] = rows.in_bulk(wanted) if wanted else {}
    return found


def plan(kind: Restorable, obj: Any, changes: Changes, former: Referred) -> tuple[PlannedChange, Kept]:
    """Return what to restore of one object, and what keeps its value. former: of referred()."""
    wanted = {name: pair for name, pair in changes.items() if name in kind.fields}
    row, kept = PlannedChange(obj), Kept()
    current = writing.snapshot(obj, wanted)
    for name, (old, new) in wanted.items():
        if current[name] == old:  # restored already
            continue
        if current[name] != new:
            kept.changed_since.append(kind.label(name))
        elif name == "state" and not kind.leads_back(new, old):
            labels = kind.state_label(new), kind.state_label(old)
            kept.reasons.append(f"No step leads back from {labels[0]} to {labels[1]}.")
        elif name in kind.referred and old is not None and old not in former[name]:
            kept.reasons.append(f"Its former {kind.label(name)} is not yours to see. Choose another one.")
        else:
            field_name = kind.fields[name]
            row.changes[field_name] = (getattr(obj, field_name), _value(kind, name, old, former))
    return row, kept


def _value(kind: Restorable, name: str, stored: Any, former: Referred) -> Any:
    """Return the value of a field that history stores."""
    if stored is None:
        return None
    return former[name][stored] if name in kind.referred else kind.value(name, stored)


def left_over(left: Mapping[str, Iterable[str]]) -> str:
    """Return which fields kept their values, as a text: "R-3 (owner), R-4 (state)"."""
    shown = [f"{reference} ({', '.join(names)})" for reference, names in left.items()]
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(shown[:5]) + more


def as_text(result: UndoResult) -> str:
    """Return what an undo left and why, as the end of a message; "" if it restored everything."""
    text = f". Changed since, and left: {left_over(result.left)}" if result.left else ""
    if result.refused:
        text += f". Not undone: {left_over({name: [why] for name, why in result.refused.items()})}"
    return text
