"""All writes: record() an object or a fact, change() fields, move() a state, and their bulk forms.

Each call writes the rows and one Event (one per object in the bulk forms) in one transaction, inserts the
handovers to the handlers, and notifies the workers after the commit. No other code sets a state or increments
a version.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from history import cleaning, documents, scope, wiring, writing
from history.declarations import Payload
from history.dues import drop_dues, drop_dues_of, put_due, put_dues, replan_dues
from history.events import GrantBegan, GrantEnded
from history.models import Event, Part, Recorded, Subject, new_batch
from history.scope import NewGrant, Placement, author
from history.states import GrantReason, Reach
from history.writing import FurtherRow, in_one_transaction
from kit.actor import Actor
from kit.sight import SignedIn
from kit.texts import one_line

Row = TypeVar("Row", bound=Recorded | Part)

__all__ = [
    "FurtherRow", "GrantReason", "NewGrant", "Placement", "Reach", "author", "change", "change_many",
    "detach", "drop_dues", "drop_dues_of", "end_all_sight", "end_sight", "give_back_sight", "grant_sight",
    "hand_over_roots", "in_one_transaction", "lock_scope", "move", "move_many", "put_due", "put_dues",
    "record", "record_many", "replan_dues", "reroot", "restrict", "retire", "retitle",
]  # fmt: skip


@in_one_transaction
def record(
    obj: Recorded | Part | Subject,
    event: str | Payload,
    *,
    by: Actor,
    at: datetime,
    rows: Iterable[FurtherRow] = (),
    cause: Event | None = None,
    batch: UUID | None = None,
    viewers: Sequence[int] | None = None,
    placed: Placement | None = None,
) -> Event:
    """Write one event. A new (unsaved) object is saved with its subject and its reference.

    event: the payload (<room>/events.py), or the verb if the event has no payload.
    rows: further rows that the same act creates or changes.
    placed: for a new object, its parent and its grants of sight; by default it is an open root.
    viewers: short for Placement(viewers=…). Raises ValueError if both are given.
    """
    if placed and viewers is not None:
        raise ValueError("Give `placed` or `viewers`, not both.")
    placed = placed or Placement(viewers=viewers)
    created = writing.create([obj], [placed], at=at) if writing.is_new(obj) else []
    pairs = [(obj, created + writing.save_further_rows(rows))]
    return writing.write(pairs, event, by=by, at=at, cause=cause, batch=batch)[0]


@in_one_transaction
def record_many(
    objs: Sequence[Recorded | Part | Subject],
    event: str | Payload,
    *,
    by: Actor,
    at: datetime,
    payloads: Sequence[Payload] | None = None,
    cause: Event | None = None,
    viewers: Sequence[int] | None = None,
    placed: Sequence[Placement] | None = None,
    batch: UUID | None = None,
) -> list[Event]:
    """record() for objects of one kind, all new or all existing, with a constant number of statements.

    placed: one per new object, by default open roots, or roots with these `viewers`. batch: of an act that
    is written in several parts; by default a new one.
    """
    if not objs:
        return []
    fresh = [writing.is_new(obj) for obj in objs]
    if any(fresh) and not all(fresh):
        raise ValueError("record_many takes objects that are all new or all existing.")
    placed = placed or [Placement(viewers=viewers)] * len(objs)
    created = writing.create(objs, placed, at=at) if all(fresh) else [None] * len(objs)
    pairs = [(obj, [row] if row else []) for obj, row in zip(objs, created, strict=True)]
    batch = batch or new_batch()
    return writing.write(pairs, event, payloads=payloads, by=by, at=at, cause=cause, batch=batch)


@in_one_transaction
def change(
    obj: Row,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    verb: str | None = None,
    payload: Payload | None = None,
    rows: Iterable[FurtherRow] = (),
    cause: Event | None = None,
    batch: UUID | None = None,
    raises_version: bool = False,
) -> Event | None:
    """Set fields and record old and new values. Returns None and writes nothing if no value differs.

    seen: the version that the person read (default: the version of `obj`). Raises ChangedMeanwhile if the row
    has another version by now. Only move() sets a state.
    raises_version: give the object a new version if only further rows change, because readers see them as a
    part of it.
    """
    if "state" in values and obj.MOVES:
        raise ValueError("A state is set by move(), which checks MOVES.")
    differing = cleaning.differing(obj, values)
    if not differing and not rows and payload is None:
        return None
    changed = writing.update(obj, differing, seen, raises_version=raises_version)
    return writing.write(
        [(obj, changed + writing.save_further_rows(rows))],
        verb,
        payload=payload,
        default=writing.changed_verb(obj),
        by=by,
        at=at,
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
    payload: Payload | None = None,
    payloads: Sequence[Payload] | None = None,
    cause: Event | None = None,
    batch: UUID | None = None,
) -> list[Event]:
    """change() for many rows of one kind in one batch. One locking read checks the versions.

    payload: of all events; payloads: one for each pair. A pair whose values do not differ writes no event.
    """
    work = [(obj, cleaning.differing(obj, values)) for obj, values in pairs]
    if payloads is not None:
        payloads = [one for one, (_, values) in zip(payloads, work, strict=True) if values]
    work = [(obj, values) for obj, values in work if values]
    if not work:
        return []
    if any("state" in values and obj.MOVES for obj, values in work):
        raise ValueError("A state is set by move_many(), which checks MOVES.")
    changes = writing.update_many(work)
    return writing.write(
        changes,
        verb,
        payload=payload,
        payloads=payloads,
        default=writing.changed_verb(work[0][0]),
        by=by,
        at=at,
        cause=cause,
        batch=batch or new_batch(),
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
    payload: Payload | None = None,
    rows: Iterable[FurtherRow] = (),
    cause: Event | None = None,
    batch: UUID | None = None,
) -> Event:
    """Take a step of MOVES. The step determines the verb of the event. values: further fields to set.

    Raises IllegalMove if the current state has no such step, ChangedMeanwhile if the row has another version.
    """
    verb = writing.verb_of_move(obj, to)
    here = obj.state  # type: ignore[union-attr]  # what has MOVES has a state
    changed = writing.update(obj, {"state": to, **(values or {})}, seen, state=here)
    return writing.write(
        [(obj, changed + writing.save_further_rows(rows))],
        verb,
        payload=payload,
        by=by,
        at=at,
        cause=cause,
        batch=batch,
    )[0]


@in_one_transaction
def move_many(
    objs: Sequence[Row],
    to: str,
    *,
    by: Actor,
    at: datetime,
    values: Mapping[str, Any] | None = None,
    payload: Payload | None = None,
    cause: Event | None = None,
    batch: UUID | None = None,
) -> list[Event]:
    """move() for many rows of one kind that are all in one state."""
    if not objs:
        return []
    verbs = {writing.verb_of_move(obj, to) for obj in objs}
    if len(verbs) > 1:
        raise ValueError("move_many takes rows that are all in one state.")
    changes = writing.update_many([(obj, {"state": to, **(values or {})}) for obj in objs])
    return writing.write(
        changes, verbs.pop(), payload=payload, by=by, at=at, cause=cause, batch=batch or new_batch()
    )


@in_one_transaction
def retitle(obj: Recorded) -> None:
    """Update the title of the object's subject.

    The operation that changes the title and writes the event calls it, after it grants sight, because the
    root must be locked first.
    """
    documents.write_with(
        obj.KIND,
        "UPDATE history_subject SET title = %s WHERE id = %s RETURNING id, kind, title",
        [one_line(obj.subject_title)[:300], obj.subject_id],
    )


@in_one_transaction
def retire(obj: Recorded, *, is_retired: bool = True) -> None:
    """Mark the object's subject as retired, or as current again, and update its title."""
    documents.write_with(
        obj.KIND,
        "UPDATE history_subject SET title = %s, is_retired = %s WHERE id = %s RETURNING id, kind, title",
        [one_line(obj.subject_title)[:300], is_retired, obj.subject_id],
    )


# ------------------------------------------------------------------ who may see


@in_one_transaction
def restrict(root: Subject, teams: Iterable[int] | None) -> None:
    """Restrict a root, with everything below it, to these teams (subject ids) and to those who keep the root.

    None opens it to everyone. The operation that writes the event calls it. What repeats texts from below it
    elsewhere is adapted in the same transaction (wiring.viewers_handlers). Raises ValueError for a subject
    that is not a root.
    """
    root.viewers = scope.restrict(root.pk, teams)
    _run_viewers_handlers(root.pk)


@in_one_transaction
def reroot(subject_ids: Sequence[int], root: Subject) -> None:
    """Move these subjects, with everything below them, under another root. They take over its viewers."""
    scope.reroot(subject_ids, root.pk)
    _run_viewers_handlers(root.root_id or root.pk)


def _run_viewers_handlers(root_id: int) -> None:
    for run in wiring.viewers_handlers():
        run(root_id)


@in_one_transaction
def detach(subject: Subject) -> None:
    """Make a subject an own root before restrict(). What was created below it stays with the former root."""
    scope.lock(subject)
    scope.detach(subject.pk)
    subject.root = None


def lock_scope(subject: Subject) -> None:
    """Lock the root of a subject, before an act that creates an object below it and grants sight of it."""
    scope.lock(subject)


@in_one_transaction
def grant_sight(
    subjects: Iterable[Subject | int],
    people: Iterable[SignedIn],
    *,
    reason: GrantReason,
    by: Actor,
    at: datetime,
    source: Subject | None = None,
    sources: Sequence[Subject] = (),
    why: str = "",
) -> None:
    """Let each person see each of these objects, until end_sight() ends the reason.

    source: the subject that is the reason, if it is not the object itself; or sources: one for each of
    `people`. why: the text in the event, by default the reason. Writes history.sight_granted for each person
    who could not see a restricted object before.
    """
    readers, ids = list(people), _ids(subjects)
    if not readers or not ids:
        return
    effects = scope.give(ids, readers, reason=reason, sources=sources or [source] * len(readers), at=at)
    _note_effects(effects, GrantBegan, why=why or str(reason.label), by=by, at=at)


@in_one_transaction
def end_sight(
    subjects: Iterable[Subject | int],
    people: Iterable[SignedIn],
    *,
    reason: GrantReason,
    by: Actor,
    at: datetime,
    source: Subject | None = None,
    why: str = "",
) -> None:
    """End a reason for sight. A person's sight of a restricted object ends with their last reason.

    Writes history.grant_ended for each person who cannot see a restricted object any more.
    """
    readers, ids = list(people), _ids(subjects)
    if not readers or not ids:
        return
    effects = scope.end(ids, readers, reason=reason, source=source, at=at)
    _note_effects(effects, GrantEnded, why=why, by=by, at=at)


@in_one_transaction
def hand_over_roots(
    moves: Iterable[tuple[Subject, SignedIn | None, SignedIn | None]],
    *,
    reason: GrantReason,
    by: Actor,
    at: datetime,
) -> None:
    """Move the grants for roots, with everything below them, from one person to another. The reason stays.

    moves: (root, the former person or None, the current person or None). A constant number of statements for
    each person.
    """
    given: dict[SignedIn, list[int]] = {}
    ended: dict[SignedIn, list[int]] = {}
    for root, former, current in moves:
        if current is not None:
            given.setdefault(current, []).append(root.pk)
        if former is not None:
            ended.setdefault(former, []).append(root.pk)
    ids = {pk for of_person in (*given.values(), *ended.values()) for pk in of_person}
    if len(ids) > 1:  # all in one order, before those of each person
        scope.lock_roots(ids)
    for person, roots in given.items():
        effects = scope.keep(roots, person, reason=reason, at=at)
        _note_effects(effects, GrantBegan, why=str(reason.label), by=by, at=at)
    for person, roots in ended.items():
        effects = scope.keep_no_more(roots, person, reason=reason, at=at)
        _note_effects(effects, GrantEnded, why="handed it over", by=by, at=at)


@in_one_transaction
def end_all_sight(person: SignedIn, *, by: Actor, at: datetime) -> None:
    """End all grants of a person who is deactivated."""
    effects = scope.leave(person, at=at)
    _note_effects(effects, GrantEnded, why="was deactivated", by=by, at=at)


@in_one_transaction
def give_back_sight(person: SignedIn, *, by: Actor, at: datetime) -> None:
    """Restore the grants that ended when the person was deactivated, if their reasons still apply."""
    effects = scope.come_back(person, at=at)
    _note_effects(effects, GrantBegan, why="is active again", by=by, at=at)


def _ids(subjects: Iterable[Subject | int]) -> list[int]:
    return [one.pk if isinstance(one, Subject) else one for one in subjects]


def _note_effects(
    effects: Sequence[scope.Effect],
    payload: type[GrantBegan] | type[GrantEnded],
    *,
    why: str,
    by: Actor,
    at: datetime,
) -> None:
    if not effects or by.hidden:
        return  # the event would name a person who is anonymous
    subjects = Subject.objects.in_bulk([effect.subject_id for effect in effects])
    record_many(
        [subjects[effect.subject_id] for effect in effects],
        payload.verb,
        by=by,
        at=at,
        payloads=[payload(to=effect.person_id, why=why) for effect in effects],
    )
