"""How anything happens: record() a birth or a fact, change() fields, move() a state, and their bulk forms.

Each call writes the rows and one Event (one each in the bulk forms) in one transaction, hands the event
to its handlers, and rings the bell after the commit. Nothing else sets a state or bumps a version.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from history import writing
from history.models import Due, Event, Part, Recorded, Subject, new_batch
from history.states import Work
from history.writing import Along, in_one_transaction
from kit.actor import Actor

Row = TypeVar("Row", bound=Recorded | Part)


@in_one_transaction
def record(
    obj: Recorded | Part | Subject,
    verb: str,
    *,
    by: Actor,
    at: datetime,
    note: Mapping[str, Any] | None = None,
    rows: Iterable[Along] = (),
    cause: Event | None = None,
    batch: UUID | None = None,
    viewers: Sequence[int] | None = None,
) -> Event:
    """Write one event. A new object (not yet saved) is born by it: saved, with its subject and reference.

    note: further facts for readers and handlers. rows: further rows born or changed by the same act.
    viewers: for a birth, the subjects who may see it; None for everyone.
    """
    born = [writing.birth([obj], [viewers])[0]] if writing.is_new(obj) else []
    return writing.write(
        [(obj, born + writing.along(rows))], verb, by=by, at=at, note=note, cause=cause, batch=batch
    )[0]


@in_one_transaction
def record_many(
    objs: Sequence[Recorded | Part | Subject],
    verb: str,
    *,
    by: Actor,
    at: datetime,
    notes: Sequence[Mapping[str, Any]] | None = None,
    cause: Event | None = None,
    viewers: Sequence[int] | None = None,
) -> list[Event]:
    """record() for many objects of one kind, with a constant number of statements. All new or none."""
    if not objs:
        return []
    fresh = [writing.is_new(obj) for obj in objs]
    if any(fresh) and not all(fresh):
        raise ValueError("record_many takes objects that are all new, or all there already.")
    born = writing.birth(objs, [viewers] * len(objs)) if all(fresh) else [None] * len(objs)
    pairs = [(obj, [row] if row else []) for obj, row in zip(objs, born, strict=True)]
    return writing.write(pairs, verb, by=by, at=at, notes=notes, cause=cause, batch=new_batch())


@in_one_transaction
def change(
    obj: Row,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    verb: str | None = None,
    note: Mapping[str, Any] | None = None,
    rows: Iterable[Along] = (),
    cause: Event | None = None,
    batch: UUID | None = None,
) -> Event | None:
    """Set fields; old and new go into the event. Returns None, and writes nothing, when nothing differs.

    seen: the version the person was looking at (default: the one `obj` was loaded with). Raises
    ChangedMeanwhile when the row has moved on. A state is set by move() only.
    """
    if "state" in values and obj.MOVES:
        raise ValueError("A state is set by move(), which checks MOVES.")
    differing = {name: value for name, value in values.items() if getattr(obj, name) != value}
    if not differing and not rows and not note:
        return None
    changed = writing.update(obj, differing, seen)
    return writing.write(
        [(obj, changed + writing.along(rows))],
        verb or writing.changed_verb(obj),
        by=by,
        at=at,
        note=note,
        cause=cause,
        batch=batch,
    )[0]


@in_one_transaction
def change_many(
    pairs: Sequence[tuple[Row, Mapping[str, Any]]],
    *,
    by: Actor,
    at: datetime,
    verb: str | None = None,
    note: Mapping[str, Any] | None = None,
    cause: Event | None = None,
) -> list[Event]:
    """change() for many rows of one kind under one batch: the versions are checked in one locking read."""
    work = [(obj, {n: v for n, v in values.items() if getattr(obj, n) != v}) for obj, values in pairs]
    work = [(obj, values) for obj, values in work if values]
    if not work:
        return []
    if any("state" in values and obj.MOVES for obj, values in work):
        raise ValueError("A state is set by move_many(), which checks MOVES.")
    changes = writing.update_many(work)
    return writing.write(
        changes,
        verb or writing.changed_verb(work[0][0]),
        by=by,
        at=at,
        note=note,
        cause=cause,
        batch=new_batch(),
    )


@in_one_transaction
def move(
    obj: Row,
    to: str,
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    values: Mapping[str, Any] | None = None,
    note: Mapping[str, Any] | None = None,
    rows: Iterable[Along] = (),
    cause: Event | None = None,
    batch: UUID | None = None,
) -> Event:
    """Take a step of MOVES, which gives the event its verb. `values`: further fields set by the step.

    Raises IllegalMove when no such step leads from here, ChangedMeanwhile when the row has moved on.
    """
    verb = writing.verb_of_move(obj, to)
    here = obj.state  # type: ignore[union-attr]  # what has MOVES has a state
    changed = writing.update(obj, {"state": to, **(values or {})}, seen, state=here)
    return writing.write(
        [(obj, changed + writing.along(rows))], verb, by=by, at=at, note=note, cause=cause, batch=batch
    )[0]


@in_one_transaction
def move_many(
    objs: Sequence[Row],
    to: str,
    *,
    by: Actor,
    at: datetime,
    values: Mapping[str, Any] | None = None,
    note: Mapping[str, Any] | None = None,
    cause: Event | None = None,
) -> list[Event]:
    """move() for many rows of one kind that all stand in one state."""
    if not objs:
        return []
    verbs = {writing.verb_of_move(obj, to) for obj in objs}
    if len(verbs) > 1:
        raise ValueError("move_many takes rows that stand in one state.")
    changes = writing.update_many([(obj, {"state": to, **(values or {})}) for obj in objs])
    return writing.write(changes, verbs.pop(), by=by, at=at, note=note, cause=cause, batch=new_batch())


def put_due(kind: str, subject_id: int, occurrence: str, at: datetime) -> None:
    """Note a date that must act, once for its occurrence; a second call changes nothing."""
    put_dues([(kind, subject_id, occurrence, at)])


def put_dues(dues: Iterable[tuple[str, int, str, datetime]]) -> None:
    """put_due() for many, in one statement: (kind, subject id, occurrence, at)."""
    Due.objects.bulk_create(
        [
            Due(kind=kind, subject_id=subject, occurrence=occurrence, at=at)
            for kind, subject, occurrence, at in dues
        ],
        ignore_conflicts=True,
    )


def drop_dues(subject_id: int, *kinds: str) -> None:
    """Quieten dates that need act no more. A late ring does no harm either: handlers read present rows."""
    Due.objects.filter(subject_id=subject_id, kind__in=kinds, state=Work.PENDING).update(
        state=Work.DONE, error="no longer needed"
    )


@in_one_transaction
def retitle(obj: Recorded, *, viewers: Any = ..., is_retired: bool | None = None) -> None:
    """Bring the object's subject up to date: title from the object; viewers and retired when given.

    To be called by the operation that changed them, which writes the event.
    """
    values: dict[str, Any] = {"title": obj.subject_title[:300]}
    if viewers is not ...:
        values["viewers"] = viewers
    if is_retired is not None:
        values["is_retired"] = is_retired
    Subject.objects.filter(pk=obj.subject_id).update(**values)


@in_one_transaction
def grant_sight(subject: Subject, to_id: int, *, by: Actor, at: datetime, why: str) -> None:
    """Let one person (their subject id) see one restricted object, on record. No effect on open ones."""
    locked = Subject.objects.select_for_update().get(pk=subject.pk)
    if locked.viewers is None or to_id in locked.viewers:
        return
    locked.viewers = [*locked.viewers, to_id]
    locked.save(update_fields=["viewers"])
    record(locked, "history.sight_granted", by=by, at=at, note={"to": to_id, "why": why})
