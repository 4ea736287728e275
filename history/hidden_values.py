"""Which values of an event are hidden together with an object that some readers may not see.

A post-incident review has a note about a risk: its history shows the note only to those who see the risk.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from django.apps import apps

# A kind of object, or "subject", and the id.
Named = tuple[str, int]


@cache
def shown_with(model: str) -> Mapping[str, str]:
    """Return HISTORY_SHOWN_WITH of a model, by its label in history. Empty for one that no longer exists."""
    found = next((one for one in apps.get_models() if one._meta.label_lower == model), None)
    return getattr(found, "HISTORY_SHOWN_WITH", {})


def needed(row: Mapping[str, Any], payload: Mapping[str, Any]) -> set[Named]:
    """Return the objects that a reader must see to read all values of a row of an event."""
    return {name for names in required(row, payload).values() for name in names if name is not None}


def required(
    row: Mapping[str, Any], payload: Mapping[str, Any]
) -> dict[str, tuple[Named | None, Named | None]]:
    """Return the object that a reader must see to read the old and the new value of each guarded field.

    row: a row of an event. payload: the data of the event. If the event did not change the foreign key, its
    payload has the object under the same name, as the id of a subject.
    """
    found = {}
    for field, key in shown_with(row["model"]).items():
        if field not in row["changes"]:
            continue
        if key in row["changes"]:
            kind = row["kinds"][key]
            old, new = (None if pk is None else (kind, pk) for pk in row["changes"][key])
        else:
            pk = payload.get(key.removesuffix("_id"))
            old = new = None if pk is None else ("subject", pk)
        found[field] = (old, new)
    return found


def readable(
    row: Mapping[str, Any], payload: Mapping[str, Any], seen: Collection[Named]
) -> dict[str, list[Any]]:
    """Return the changes of a row of an event, with None for each value that is hidden from the reader.

    seen: the named objects that the reader may see.
    """
    changes = dict(row["changes"])
    for field, needed in required(row, payload).items():
        pairs = zip(changes[field], needed, strict=True)
        changes[field] = [value if name is None or name in seen else None for value, name in pairs]
    return changes
