"""How anything happens: record() a birth or a fact, change() fields, move() a state, and their bulk forms.

Each call writes the rows and one Event (one each in the bulk forms) in one transaction, hands the event
to its handlers, and rings the bell after the commit. Nothing else sets a state or bumps a version.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import F

from history import chain, wiring
from history.models import Due, Event, Handover, Part, Recorded, Subject, new_batch
from history.states import Work
from kit import bell, references
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused

Row = TypeVar("Row", bound=Recorded | Part)
# A new row, or a row with the fields to change on it.
Along = models.Model | tuple[models.Model, Mapping[str, Any]]

_CHANGED = "Somebody changed this meanwhile. Look at it as it stands now, then decide again."


@transaction.atomic
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
    born = [_birth([obj], [viewers])[0]] if _is_new(obj) else []
    return _write([(obj, born + _apply(rows))], verb, by=by, at=at, note=note, cause=cause, batch=batch)[0]


@transaction.atomic
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
    fresh = [_is_new(obj) for obj in objs]
    if any(fresh) and not all(fresh):
        raise ValueError("record_many takes objects that are all new, or all there already.")
    born = _birth(objs, [viewers] * len(objs)) if all(fresh) else [None] * len(objs)
    pairs = [(obj, [row] if row else []) for obj, row in zip(objs, born, strict=True)]
    return _write(pairs, verb, by=by, at=at, notes=notes, cause=cause, batch=new_batch())


@transaction.atomic
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
    changed = _update(obj, differing, seen)
    return _write(
        [(obj, changed + _apply(rows))],
        verb or _changed_verb(obj),
        by=by,
        at=at,
        note=note,
        cause=cause,
        batch=batch,
    )[0]


@transaction.atomic
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
    changes = _update_many(work)
    return _write(
        changes, verb or _changed_verb(work[0][0]), by=by, at=at, note=note, cause=cause, batch=new_batch()
    )


@transaction.atomic
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
    verb = _verb_of_move(obj, to)
    here = obj.state  # type: ignore[union-attr]  # what has MOVES has a state
    changed = _update(obj, {"state": to, **(values or {})}, seen, state=here)
    return _write([(obj, changed + _apply(rows))], verb, by=by, at=at, note=note, cause=cause, batch=batch)[0]


@transaction.atomic
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
    verbs = {_verb_of_move(obj, to) for obj in objs}
    if len(verbs) > 1:
        raise ValueError("move_many takes rows that stand in one state.")
    changes = _update_many([(obj, {"state": to, **(values or {})}) for obj in objs])
    return _write(changes, verbs.pop(), by=by, at=at, note=note, cause=cause, batch=new_batch())


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


@transaction.atomic
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


@transaction.atomic
def grant_sight(subject: Subject, to_id: int, *, by: Actor, at: datetime, why: str) -> None:
    """Let one person (their subject id) see one restricted object, on record. No effect on open ones."""
    locked = Subject.objects.select_for_update().get(pk=subject.pk)
    if locked.viewers is None or to_id in locked.viewers:
        return
    locked.viewers = [*locked.viewers, to_id]
    locked.save(update_fields=["viewers"])
    record(locked, "history.sight_granted", by=by, at=at, note={"to": to_id, "why": why})


# ------------------------------------------------------------------ how it is done


def _is_new(obj: models.Model) -> bool:
    return obj._state.adding


def _verb_of_move(obj: Any, to: str) -> str:
    try:
        return obj.MOVES[(obj.state, to)]
    except KeyError:
        steps = ", ".join(str(target) for source, target in obj.MOVES if source == obj.state) or "nowhere"
        raise IllegalMove(
            f"From “{obj.state}” this can go to {steps}; not to “{to}”.", field="state"
        ) from None


def _changed_verb(obj: models.Model) -> str:
    return f"{obj._meta.app_label}.{obj._meta.model_name}_changed"


def _birth(objs: Sequence[Any], viewers: Sequence[Sequence[int] | None]) -> list[dict[str, Any]]:
    """Save new objects with their subjects. The foreign key is deferred, so ids are drawn first."""
    first = objs[0]
    if isinstance(first, Recorded):
        ids = _draw_subject_ids(len(objs))
        names = references.take(first.PREFIX, len(objs)) if first.PREFIX else [None] * len(objs)
        subjects = []
        for obj, subject_id in zip(objs, ids, strict=True):
            obj.subject_id = subject_id
        _insert(objs)
        for obj, name, seen_by in zip(objs, names, viewers, strict=True):
            subject = Subject(
                pk=obj.subject_id,
                kind=obj.KIND,
                object_id=obj.pk,
                reference=name,
                title=obj.subject_title[:300],
                viewers=list(seen_by) if seen_by is not None else None,
            )
            subjects.append(subject)
        Subject.objects.bulk_create(subjects)
        for obj, subject in zip(objs, subjects, strict=True):
            obj.subject = subject
    else:
        _insert(objs)
    return [
        _row(obj, {name: [None, value] for name, value in _snapshot(obj).items()}, born=True) for obj in objs
    ]


def _insert(objs: Sequence[models.Model]) -> None:
    for obj in objs:
        obj.clean_fields(exclude=[f.name for f in obj._meta.fields if f.is_relation or f.primary_key])
    if len(objs) == 1:
        objs[0].save(force_insert=True)
    else:
        type(objs[0])._base_manager.bulk_create(objs)


def _draw_subject_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('history_subject', 'id')) FROM generate_series(1, %s)",
            [count],
        )
        return [number for (number,) in cursor.fetchall()]


def _apply(rows: Iterable[Along]) -> list[dict[str, Any]]:
    """Save the rows that come along with an act: new ones are born, pairs are changed."""
    changes: list[dict[str, Any]] = []
    for row in rows:
        if isinstance(row, tuple):
            obj, values = row
            changes += _update(obj, {n: v for n, v in values.items() if getattr(obj, n) != v}, None)
        else:
            changes += _birth([row], [None])
    return changes


def _update(
    obj: Any, values: Mapping[str, Any], seen: int | None, state: str | None = None
) -> list[dict[str, Any]]:
    """UPDATE … WHERE version (and state) = what was seen; ChangedMeanwhile when no row answered."""
    expected = obj.version if seen is None else seen
    rows = type(obj)._base_manager.filter(pk=obj.pk, version=expected)
    if state is not None:
        rows = rows.filter(state=state)
    if not values:
        # Nothing of its own changes, but what comes along belongs to the version that was seen.
        if not rows.exists():
            raise _changed_meanwhile(obj)
        return []
    before = _snapshot(obj, values)
    present = {name: getattr(obj, name) for name in values}
    _assign(obj, values)
    try:
        obj.clean_fields(exclude=[f.name for f in obj._meta.fields if f.name not in values or f.is_relation])
        if not rows.update(version=F("version") + 1, **values):
            raise _changed_meanwhile(obj)
    except Exception:
        _assign(obj, present)
        raise
    obj.version = expected + 1
    after = _snapshot(obj, values)
    return [_row(obj, {name: [before[name], after[name]] for name in after})]


def _update_many(work: Sequence[tuple[Any, Mapping[str, Any]]]) -> list[tuple[Any, list[dict[str, Any]]]]:
    model = type(work[0][0])
    locked = dict(
        model._base_manager.select_for_update(of=("self",))
        .filter(pk__in=[obj.pk for obj, _ in work])
        .order_by("pk")
        .values_list("pk", "version")
    )
    changes, names = [], {"version"}
    for obj, values in work:
        if locked.get(obj.pk) != obj.version:
            raise _changed_meanwhile(obj)
        before = _snapshot(obj, values)
        _assign(obj, values)
        obj.clean_fields(exclude=[f.name for f in obj._meta.fields if f.name not in values or f.is_relation])
        obj.version += 1
        after = _snapshot(obj, values)
        names.update(values)
        changes.append((obj, [_row(obj, {name: [before[name], after[name]] for name in after})]))
    model._base_manager.bulk_update([obj for obj, _ in work], sorted(names))
    return changes


def _assign(obj: models.Model, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(obj, name, value)


def _changed_meanwhile(obj: models.Model) -> Refused:
    return ChangedMeanwhile(_CHANGED, present=type(obj)._base_manager.get(pk=obj.pk))


def _snapshot(obj: Any, only: Iterable[str] | None = None) -> dict[str, Any]:
    """The fields of a row as history keeps them; what it must not say is left out or only named."""
    wanted = None if only is None else set(only)
    found: dict[str, Any] = {}
    for field in obj._meta.concrete_fields:
        if field.name in {"id", "version"} or field.name in obj.HISTORY_OMITS or field.primary_key:
            continue
        if wanted is not None and not {field.name, field.attname} & wanted:
            continue
        refers = field.name in obj.HISTORY_REFERS
        found[field.attname] = "(changed)" if refers else _plain(field, field.value_from_object(obj))
    return found


def _plain(field: models.Field, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    holder: Any = _Holder(field, value)
    return field.value_to_string(holder)


class _Holder:
    """Django asks a field to serialise "the value of an object"; this is the smallest such object."""

    def __init__(self, field: models.Field, value: Any) -> None:
        setattr(self, field.attname, value)


def _row(obj: models.Model, changes: dict[str, list[Any]], *, born: bool = False) -> dict[str, Any]:
    row: dict[str, Any] = {"model": obj._meta.label_lower, "pk": obj.pk, "changes": changes}
    if born:
        row["born"] = True
    if kinds := _kinds(obj, changes):
        row["kinds"] = kinds
    return row


def _kinds(obj: models.Model, names: Iterable[str]) -> dict[str, str]:
    """Which changed fields name another object, and of what kind: a line says its title, not its number."""
    wanted = set(names)
    return {
        field.attname: getattr(field.related_model, "KIND", "subject")
        for field in obj._meta.concrete_fields
        if field.attname in wanted
        and field.is_relation
        and (field.related_model is Subject or hasattr(field.related_model, "KIND"))
    }


def _write(
    pairs: Sequence[tuple[Any, list[dict[str, Any]]]],
    verb: str,
    *,
    by: Actor,
    at: datetime,
    note: Mapping[str, Any] | None = None,
    notes: Sequence[Mapping[str, Any]] | None = None,
    cause: Event | None = None,
    batch: UUID | None = None,
) -> list[Event]:
    events = []
    for position, (obj, rows) in enumerate(pairs):
        data: dict[str, Any] = dict(notes[position] if notes else note or {})
        if rows:
            data["rows"] = rows
        events.append(
            Event(
                subject_id=obj.pk if isinstance(obj, Subject) else obj.subject_id,
                verb=verb,
                at=at,
                actor_id=by.subject_id,
                via=by.via,
                token_id=by.token_subject_id,
                is_actor_hidden=by.hidden,
                cause=cause,
                batch=batch,
                data=data,
            )
        )
    if wiring.is_chained(verb):
        chain.link(events)
    _insert_events(events)
    handlers = wiring.handlers_of(verb)
    if handlers:
        Handover.objects.bulk_create(
            Handover(event=event, handler=name) for event in events for name in handlers
        )
    bell.ring_after_commit()
    return events


def _insert_events(events: Sequence[Event]) -> None:
    if len(events) == 1:
        events[0].save(force_insert=True)
    else:
        Event.objects.bulk_create(events)
