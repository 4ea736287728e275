"""Many acts of several verbs at once, each with its rows: one statement for each kind of row.

For bulk input (signals, imports). Each act writes one event, and all events share one batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from history import cleaning, writing
from history.declarations import Payload
from history.models import Event, Part, Recorded, Subject, new_batch
from history.scope import OPEN, Placement
from kit.actor import Actor


@dataclass(slots=True)
class Act:
    """The input of one event. It creates `obj` if that is new, and otherwise sets `values` on it.

    rows: further rows that the act creates (unsaved) or changes (row, values), as in operations.record().
    placed: for a new object, its parent and its grants of sight; by default it is an open root.
    """

    obj: Recorded | Part | Subject
    event: str | Payload
    values: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[writing.FurtherRow] = ()
    placed: Placement = OPEN

    @property
    def verb(self) -> str:
        return self.event if isinstance(self.event, str) else self.event.verb


@writing.in_one_transaction
def perform(acts: Sequence[Act], *, by: Actor, at: datetime, cause: Event | None = None) -> list[Event]:
    """Write the rows of all acts, then their events, in the order of `acts` within each verb.

    A state changes only by a step of MOVES, and then the event has the verb of that step.
    Existing rows are changed before new rows are created, so that a constraint such as "one open" holds.
    Raises ChangedMeanwhile if a row has another version by now.
    """
    written = _Written()
    fresh = [act for act in acts if writing.is_new(act.obj)]
    written.change([(act.obj, _checked(act.obj, act.values, act.verb)) for act in acts if act.values])
    written.create([(act.obj, act.placed) for act in fresh], at)
    rows = [row for act in acts for row in act.rows]
    written.change([(row[0], _checked(*row)) for row in rows if isinstance(row, tuple)])
    written.create([(row, OPEN) for row in rows if not isinstance(row, tuple)], at)
    return _events(acts, written, by=by, at=at, cause=cause)


class _Written:
    """The result of each written row, by the row itself."""

    def __init__(self) -> None:
        self.changes: dict[int, list[dict[str, Any]]] = {}

    def change(self, work: Sequence[tuple[models.Model, Mapping[str, Any]]]) -> None:
        differing = [(obj, cleaning.differing(obj, values)) for obj, values in work]
        for some in _by_kind([pair for pair in differing if pair[1]]):
            for obj, changes in writing.update_many(some):
                self.changes[id(obj)] = changes

    def create(self, work: Sequence[tuple[models.Model, Placement]], at: datetime) -> None:
        for some in _by_kind(work):
            objs = [obj for obj, _ in some]
            for obj, row in zip(
                objs, writing.create(objs, [placed for _, placed in some], at=at), strict=True
            ):
                self.changes[id(obj)] = [row]

    def of(self, act: Act) -> list[dict[str, Any]]:
        objs = [act.obj, *(row[0] if isinstance(row, tuple) else row for row in act.rows)]
        return [row for obj in objs for row in self.changes.get(id(obj), ())]


def _by_kind(work: Sequence[tuple[Any, Any]]) -> list[list[tuple[Any, Any]]]:
    kinds: dict[type, list[tuple[Any, Any]]] = {}
    for pair in work:
        kinds.setdefault(type(pair[0]), []).append(pair)
    return list(kinds.values())


def _checked(obj: Any, values: Mapping[str, Any], verb: str = "") -> Mapping[str, Any]:
    if obj.MOVES and "state" in values and values["state"] != obj.state:
        step = writing.verb_of_move(obj, values["state"])
        if verb and verb != step:
            raise ValueError(f"This step is called {step}, not {verb}.")
    return values


def _events(
    acts: Sequence[Act], written: _Written, *, by: Actor, at: datetime, cause: Event | None
) -> list[Event]:
    batch = new_batch()
    verbs: dict[str, list[Act]] = {}
    for act in acts:
        verbs.setdefault(act.verb, []).append(act)
    return [
        event
        for verb, some in verbs.items()
        for event in writing.write(
            [(act.obj, written.of(act)) for act in some],
            verb,
            by=by,
            at=at,
            payloads=[act.event if isinstance(act.event, Payload) else None for act in some],
            cause=cause,
            batch=batch,
        )
    ]
