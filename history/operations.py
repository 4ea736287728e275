"""How anything happens: record() an object or a fact, change() fields, move() a state, and their bulk forms.

Each call writes the rows and one Event (one each in the bulk forms) in one transaction, hands the event
to its handlers, and rings the bell after the commit. Nothing else sets a state or bumps a version.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from history import cleaning, documents, scope, writing
from history.declarations import Payload
from history.events import GrantEnded, SightGranted
from history.models import Due, Event, Part, Recorded, Subject, new_batch
from history.scope import NewGrant, Scope, author
from history.states import GrantReason, Reach, Work
from history.writing import Along, in_one_transaction
from kit.actor import Actor
from kit.sight import SignedIn
from kit.texts import one_line

Row = TypeVar("Row", bound=Recorded | Part)

__all__ = [
    "GrantReason", "NewGrant", "Reach", "Scope", "author", "change", "change_many", "drop_dues",
    "end_all_sight", "end_sight", "give_back_sight", "grant_sight", "hand_over_root", "in_one_transaction",
    "lock_scope", "move", "move_many", "put_due", "put_dues", "record", "record_many", "replan_dues",
    "reroot", "restrict",
    "retire", "retitle",
]  # fmt: skip


@in_one_transaction
def record(
    obj: Recorded | Part | Subject,
    event: str | Payload,
    *,
    by: Actor,
    at: datetime,
    rows: Iterable[Along] = (),
    cause: Event | None = None,
    batch: UUID | None = None,
    viewers: Sequence[int] | None = None,
    placed: Scope | None = None,
) -> Event:
    """Write one event. A new object (not yet saved) is created by it: saved, with its subject and reference.

    event: the payload (<room>/events.py), or the verb where the event has none.
    rows: further rows that the same act creates or changes.
    placed: for a new object, what it hangs on and who is granted sight of it; by default an open root.
    viewers: short for Scope(viewers=…). Raises ValueError when both are given.
    """
    if placed and viewers is not None:
        raise ValueError("Give `placed` or `viewers`, not both.")
    placed = placed or Scope(viewers=viewers)
    created = writing.create([obj], [placed], at=at) if writing.is_new(obj) else []
    pairs = [(obj, created + writing.along(rows))]
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
) -> list[Event]:
    """record() for many objects of one kind, with a constant number of statements. All new or none."""
    if not objs:
        return []
    fresh = [writing.is_new(obj) for obj in objs]
    if any(fresh) and not all(fresh):
        raise ValueError("record_many takes objects that are all new, or all there already.")
    placed = [Scope(viewers=viewers)] * len(objs)
    created = writing.create(objs, placed, at=at) if all(fresh) else [None] * len(objs)
    pairs = [(obj, [row] if row else []) for obj, row in zip(objs, created, strict=True)]
    return writing.write(pairs, event, payloads=payloads, by=by, at=at, cause=cause, batch=new_batch())


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
    differing = cleaning.differing(obj, values)
    if not differing and not rows and payload is None:
        return None
    changed = writing.update(obj, differing, seen)
    return writing.write(
        [(obj, changed + writing.along(rows))],
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
    cause: Event | None = None,
) -> list[Event]:
    """change() for many rows of one kind under one batch: the versions are checked in one locking read."""
    work = [(obj, cleaning.differing(obj, values)) for obj, values in pairs]
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
        default=writing.changed_verb(work[0][0]),
        by=by,
        at=at,
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
    payload: Payload | None = None,
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
        [(obj, changed + writing.along(rows))], verb, payload=payload, by=by, at=at, cause=cause, batch=batch
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
) -> list[Event]:
    """move() for many rows of one kind that all stand in one state."""
    if not objs:
        return []
    verbs = {writing.verb_of_move(obj, to) for obj in objs}
    if len(verbs) > 1:
        raise ValueError("move_many takes rows that stand in one state.")
    changes = writing.update_many([(obj, {"state": to, **(values or {})}) for obj in objs])
    return writing.write(changes, verbs.pop(), payload=payload, by=by, at=at, cause=cause, batch=new_batch())


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
def replan_dues(
    subject_ids: Iterable[int], *kinds: str, to: Callable[[Due], tuple[str, datetime] | None]
) -> None:
    """Move dates that have not acted yet: after a change of what they were computed from.

    to: gives each its occurrence and its moment; None drops it.
    """
    rows = Due.objects.select_for_update().filter(
        subject_id__in=list(subject_ids), kind__in=kinds, state=Work.PENDING
    )
    moved = []
    for due in rows.order_by("pk"):
        planned = to(due)
        if planned is None:
            due.state, due.error = Work.DONE, "no longer needed"
        elif planned == (due.occurrence, due.at):
            continue
        else:
            due.occurrence, due.at = planned
        moved.append(due)
    Due.objects.bulk_update(moved, ["occurrence", "at", "state", "error"])


@in_one_transaction
def retitle(obj: Recorded) -> None:
    """Bring the title of the object's subject up to date.

    To be called by the operation that changed it, which writes the event: after what it grants, for the root
    is locked first.
    """
    documents.write_with(
        obj.KIND,
        "UPDATE history_subject SET title = %s WHERE id = %s RETURNING id, kind, title",
        [one_line(obj.subject_title)[:300], obj.subject_id],
    )


@in_one_transaction
def retire(obj: Recorded, *, is_retired: bool = True) -> None:
    """Mark the object's subject as retired, or as current again, and bring its title up to date."""
    documents.write_with(
        obj.KIND,
        "UPDATE history_subject SET title = %s, is_retired = %s WHERE id = %s RETURNING id, kind, title",
        [one_line(obj.subject_title)[:300], is_retired, obj.subject_id],
    )


# ------------------------------------------------------------------ who may see


@in_one_transaction
def restrict(root: Subject, teams: Iterable[int] | None) -> None:
    """Let only these teams (subject ids), and the people who keep the root, see it and all that hangs on it.

    None opens it to everyone. To be called by the operation that writes the event. ValueError for a subject
    that is not a root.
    """
    root.viewers = scope.restrict(root.pk, teams)


@in_one_transaction
def reroot(subject_ids: Sequence[int], root: Subject) -> None:
    """Hang these subjects, and all that hangs on them, on another root, and let those see them who see it."""
    scope.reroot(subject_ids, root.pk)


def lock_scope(subject: Subject) -> None:
    """Lock the root of a subject, before an act creates something below it and grants sight of it."""
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
    """Let each person see each of these objects, for as long as the reason holds (end_sight).

    source: the subject that gives the reason, where it is not the object itself; or sources: one for each of
    `people`. why: what the event says, by default the reason. Writes
    history.sight_granted where somebody could not see a restricted object.
    """
    readers, ids = list(people), _ids(subjects)
    if not readers or not ids:
        return
    effects = scope.give(ids, readers, reason=reason, sources=sources or [source] * len(readers), at=at)
    _note_effects(effects, SightGranted, why=why or str(reason.label), by=by, at=at)


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
    """The reason holds no longer: sight of a restricted object ends with the last reason of the person.

    Writes history.grant_ended where somebody cannot see a restricted object any more.
    """
    readers, ids = list(people), _ids(subjects)
    if not readers or not ids:
        return
    effects = scope.end(ids, readers, reason=reason, source=source, at=at)
    _note_effects(effects, GrantEnded, why=why, by=by, at=at)


@in_one_transaction
def hand_over_root(
    root: Subject,
    *,
    from_: SignedIn | None,
    to: SignedIn | None,
    reason: GrantReason,
    by: Actor,
    at: datetime,
) -> None:
    """One person keeps a root, with all that hangs on it, in place of another, for the same reason."""
    if to is not None:
        effects = scope.keep(root.pk, to, reason=reason, at=at)
        _note_effects(effects, SightGranted, why=str(reason.label), by=by, at=at)
    if from_ is not None:
        effects = scope.keep_no_more(root.pk, from_, reason=reason, at=at)
        _note_effects(effects, GrantEnded, why="handed it over", by=by, at=at)


@in_one_transaction
def end_all_sight(person: SignedIn, *, by: Actor, at: datetime) -> None:
    """A person is deactivated: all their grants end."""
    effects = scope.leave(person, at=at)
    _note_effects(effects, GrantEnded, why="was deactivated", by=by, at=at)


@in_one_transaction
def give_back_sight(person: SignedIn, *, by: Actor, at: datetime) -> None:
    """Restore the grants that ended when the person was deactivated, if their reasons still hold."""
    effects = scope.come_back(person, at=at)
    _note_effects(effects, SightGranted, why="is active again", by=by, at=at)


def _ids(subjects: Iterable[Subject | int]) -> list[int]:
    return [one.pk if isinstance(one, Subject) else one for one in subjects]


def _note_effects(
    effects: Sequence[scope.Effect],
    payload: type[SightGranted] | type[GrantEnded],
    *,
    why: str,
    by: Actor,
    at: datetime,
) -> None:
    if not effects or by.hidden:
        return  # the event names the person, whom an unnamed act does not name
    subjects = Subject.objects.in_bulk([effect.subject_id for effect in effects])
    record_many(
        [subjects[effect.subject_id] for effect in effects],
        payload.verb,
        by=by,
        at=at,
        payloads=[payload(to=effect.person_id, why=why) for effect in effects],
    )
