"""How history is written: rows saved or updated by their version, their changes noted, the event inserted.

For operations and bulk alone; everybody else calls those.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import F

from history import chain, cleaning, declarations, documents, wiring
from history.declarations import Payload
from history.models import Event, Handover, Recorded, Subject
from history.scope import OPEN, Scope
from kit import bell, references
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.texts import many_lines_within, one_line

# A new row, or a row with the fields to change on it.
Along = models.Model | tuple[models.Model, Mapping[str, Any]]

Act = TypeVar("Act", bound=Callable[..., Any])

_CHANGED = "Somebody else changed this. Check the current version and try again."


def in_one_transaction(act: Act) -> Act:
    """All or nothing: a transaction of its own, or a part of the caller's.

    No savepoint in the latter case: every operation is atomic, so what fails here fails there, and a
    write costs two statements less.
    """

    @wraps(act)
    def acting(*args: Any, **kwargs: Any) -> Any:
        if connection.in_atomic_block:
            return act(*args, **kwargs)
        with transaction.atomic():
            return act(*args, **kwargs)

    return acting  # type: ignore[return-value]


def is_new(obj: models.Model) -> bool:
    return obj._state.adding


def verb_of_move(obj: Any, to: str) -> str:
    try:
        return obj.MOVES[(obj.state, to)]
    except KeyError:
        steps = ", ".join(str(target) for source, target in obj.MOVES if source == obj.state) or "nowhere"
        raise IllegalMove(
            f"From “{obj.state}” this can go to {steps}; not to “{to}”.", field="state"
        ) from None


def verb_and_data(
    event: str | Payload | None, payload: Payload | None = None, *, default: str = ""
) -> tuple[str, int, dict[str, Any]]:
    """Return (verb, schema version, stored payload) of an event that is given as a payload, or as a verb.

    Raises ValueError when both name different verbs, or when the verb is declared with another payload. House
    tests find a verb that is declared nowhere, and an event without a field of its payload.
    """
    given = event if isinstance(event, Payload) else payload
    verb = event if isinstance(event, str) else given.verb if given else default
    if given is None:
        return verb, 1, {}
    if given.verb != verb:
        raise ValueError(f"This event is {verb}; its payload is one of {given.verb}.")
    declared = declarations.find(verb)
    if declared is not None and declared.payload is not type(given):
        raise ValueError(f"{verb} is declared with another payload than {type(given).__name__}.")
    return verb, given.version, given.as_data()


def changed_verb(obj: models.Model) -> str:
    return f"{obj._meta.app_label}.{obj._meta.model_name}_changed"


def create(
    objs: Sequence[Any], scopes: Sequence[Scope] | None = None, *, at: datetime | None = None
) -> list[dict[str, Any]]:
    """Save new objects of one kind; what is Recorded has its subject first, which draws the key of both.

    scopes: one per object, by default open roots. at: needed where a scope has grants.
    """
    cleaning.clean(objs)
    if isinstance(objs[0], Recorded):
        for obj, subject in zip(objs, _subjects(objs, scopes or [OPEN] * len(objs), at), strict=True):
            obj.pk, obj.subject = subject.object_id, subject
    _insert(objs)
    return [
        _row(obj, {name: [None, value] for name, value in snapshot(obj).items()}, born=True) for obj in objs
    ]


def _insert(objs: Sequence[models.Model]) -> None:
    for obj in objs:
        obj.clean_fields(exclude=[f.name for f in obj._meta.fields if f.is_relation or f.primary_key])
    if len(objs) == 1:
        objs[0].save(force_insert=True)
    else:
        type(objs[0])._base_manager.bulk_create(objs)


def _subjects(objs: Sequence[Any], scopes: Sequence[Scope], at: datetime | None) -> list[Subject]:
    """The subjects of objects of one kind, inserted in one statement, in the order of `objs`.

    It draws the object's id where none is given, and the reference where the kind has them: unique, whoever
    else draws. Root and viewers are read from the parent's root in the same statement, under its lock, and
    the grants are inserted with it.
    """
    first = objs[0]
    key = f"nextval(pg_get_serial_sequence('{first._meta.db_table}', 'id'))"
    name = f"'{first.PREFIX}-' || nextval('{references.sequence(first.PREFIX)}')" if first.PREFIX else "NULL"
    # Lists of unequal length make no array of arrays, so each travels as its own text.
    columns: dict[str, Any] = {
        "keys": [obj.pk for obj in objs],
        "titles": [one_line(obj.subject_title)[:300] for obj in objs],
        "viewers": [
            None if one.viewers is None else _array({*one.viewers, *one.keeper_ids}) for one in scopes
        ],
    }
    sql = _INSERT.format(kind=first.KIND, key=key, name=name)
    if any(scope.parent is not None or scope.grants for scope in scopes):
        strength = "NO KEY UPDATE" if any(_is_root(scope.parent) for scope in scopes) else "SHARE"
        sql = _INSERT_BELOW.format(kind=first.KIND, key=key, name=name, strength=strength)
        columns |= _scope_columns(scopes, at)
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        names = [column.name for column in cursor.description]
        return [Subject.from_db(connection.alias, names, row) for row in cursor.fetchall()]


_COLUMNS = "id, kind, object_id, reference, title, root_id, viewers, granted, is_retired"
_INSERT = f"""
INSERT INTO history_subject (kind, object_id, reference, title, viewers, is_retired)
SELECT '{{kind}}', coalesce(key, {{key}}), {{name}}, title, viewers::bigint[], false
FROM unnest(%(keys)s::bigint[], %(titles)s::text[], %(viewers)s::text[])
    WITH ORDINALITY AS new (key, title, viewers, place)
ORDER BY place
RETURNING {_COLUMNS}
"""  # noqa: S608 - names of our own
# top: the root of the parent, locked. moved: the root of the root, when it was re-rooted while we waited for
# the lock. An outer array || NULL is NULL: what is open stays open, whoever keeps it.
_INSERT_BELOW = f"""
WITH new AS MATERIALIZED (
    SELECT coalesce(key, {{key}}) AS object_id, {{name}} AS reference, title, viewers::bigint[], parent,
        is_root, keepers::bigint[], granted::bigint[], place
    FROM unnest(%(keys)s::bigint[], %(titles)s::text[], %(viewers)s::text[], %(parents)s::bigint[],
                %(roots)s::bool[], %(keepers)s::text[], %(granted)s::text[])
        WITH ORDINALITY AS given (key, title, viewers, parent, is_root, keepers, granted, place)
    ORDER BY place
), made AS (
    INSERT INTO history_subject (kind, object_id, reference, title, root_id, viewers, granted, is_retired)
    SELECT '{{kind}}', new.object_id, new.reference, new.title,
        CASE WHEN NOT new.is_root THEN coalesce(moved.id, top.id) END,
        CASE WHEN new.viewers IS NOT NULL THEN new.viewers
             WHEN new.keepers = '{{{{}}}}' OR top.viewers IS NULL THEN top.viewers
             ELSE ARRAY(SELECT DISTINCT unnest(top.viewers || new.keepers) ORDER BY 1) END,
        new.granted, false
    FROM new
    LEFT JOIN history_subject AS parent ON parent.id = new.parent
    LEFT JOIN LATERAL (
        SELECT id, root_id, viewers FROM history_subject
        WHERE id = coalesce(parent.root_id, parent.id) FOR {{strength}}
    ) AS root ON true
    LEFT JOIN LATERAL (
        SELECT id, viewers FROM history_subject WHERE id = root.root_id FOR SHARE
    ) AS moved ON true
    CROSS JOIN LATERAL (
        SELECT root.id, CASE WHEN moved.id IS NULL THEN root.viewers ELSE moved.viewers END AS viewers
    ) AS top
    ORDER BY new.place
    RETURNING {_COLUMNS}
), noted AS (
    INSERT INTO history_grant (subject_id, person_id, reason, reach, at)
    SELECT made.id, person, reason, reach, %(at)s
    FROM unnest(%(places)s::bigint[], %(people)s::bigint[], %(reasons)s::text[], %(reaches)s::text[])
        AS g (place, person, reason, reach)
    JOIN new USING (place) JOIN made USING (object_id)
)
SELECT made.* FROM made JOIN new USING (object_id) ORDER BY new.place
"""  # noqa: S608 - names of our own


def _scope_columns(scopes: Sequence[Scope], at: datetime | None) -> dict[str, Any]:
    """What _INSERT_BELOW takes besides: a list with an entry per object, and lists with one per grant."""
    grants = [
        (place, grant) for place, scope in enumerate(scopes, 1) for grant in dict.fromkeys(scope.grants)
    ]
    if grants and at is None:
        raise ValueError("Grants need the moment they are given at.")
    return {
        "parents": [None if scope.viewers is not None else scope.parent_id for scope in scopes],
        "roots": [scope.stands_alone for scope in scopes],
        "keepers": [_array(scope.keeper_ids) for scope in scopes],
        "granted": [_array(scope.granted_ids) for scope in scopes],
        "places": [place for place, _ in grants],
        "people": [grant.person_id for _, grant in grants],
        "reasons": [str(grant.reason) for _, grant in grants],
        "reaches": [str(grant.reach) for _, grant in grants],
        "at": at,
    }


def _is_root(parent: Subject | int | None) -> bool:
    """Whether this is known to be a root: the act often grants sight of it too, so it is locked for that."""
    return isinstance(parent, Subject) and parent.root_id is None


def _array(ids: Iterable[int]) -> str:
    return f"{{{','.join(map(str, sorted(ids)))}}}"


def along(rows: Iterable[Along]) -> list[dict[str, Any]]:
    """Save the rows that come along with an act: new ones are born, pairs are changed."""
    changes: list[dict[str, Any]] = []
    for kind, some in groupby(rows, type):
        if kind is tuple:
            for obj, values in some:
                changes += update(obj, cleaning.differing(obj, values), None)
        else:
            changes += create(list(some))
    return changes


def update(
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
    values = cleaning.cleaned(obj, values)
    before = snapshot(obj, values)
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
    after = snapshot(obj, values)
    return [_row(obj, {name: [before[name], after[name]] for name in after})]


def update_many(work: Sequence[tuple[Any, Mapping[str, Any]]]) -> list[tuple[Any, list[dict[str, Any]]]]:
    model = type(work[0][0])
    locked = dict(
        model._base_manager.select_for_update(of=("self",))
        .filter(pk__in=[obj.pk for obj, _ in work])
        .order_by("pk")
        .values_list("pk", "version")
    )
    changes, names = [], {"version"}
    for obj, given in work:
        values = cleaning.cleaned(obj, given)
        if locked.get(obj.pk) != obj.version:
            raise _changed_meanwhile(obj)
        before = snapshot(obj, values)
        _assign(obj, values)
        obj.clean_fields(exclude=[f.name for f in obj._meta.fields if f.name not in values or f.is_relation])
        obj.version += 1
        after = snapshot(obj, values)
        names.update(values)
        changes.append((obj, [_row(obj, {name: [before[name], after[name]] for name in after})]))
    model._base_manager.bulk_update([obj for obj, _ in work], sorted(names))
    return changes


def _assign(obj: models.Model, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(obj, name, value)


def _changed_meanwhile(obj: models.Model) -> Refused:
    return ChangedMeanwhile(_CHANGED, present=type(obj)._base_manager.get(pk=obj.pk))


def snapshot(obj: Any, only: Iterable[str] | None = None) -> dict[str, Any]:
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
    row = documents.Change(model=obj._meta.label_lower, pk=obj.pk, changes=changes)
    row.document = documents.document_of(obj, changes, is_new=born)
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


def write(
    pairs: Sequence[tuple[Any, list[dict[str, Any]]]],
    event: str | Payload | None,
    *,
    by: Actor,
    at: datetime,
    payload: Payload | None = None,
    payloads: Sequence[Payload | None] | None = None,
    default: str = "",
    cause: Event | None = None,
    batch: UUID | None = None,
) -> list[Event]:
    """Insert one event a pair (object, changes of its rows), all of one verb, and their handovers.

    event: the verb, or the payload that names it. payload: of all; payloads: one a pair. default: the verb
    when neither names one.
    """
    events = []
    for position, (obj, rows) in enumerate(pairs):
        given = payloads[position] if payloads is not None else payload
        verb, version, data = verb_and_data(event, given, default=default)
        data = many_lines_within(data)
        if rows:
            data["rows"] = rows
        events.append(
            Event(
                subject_id=obj.pk if isinstance(obj, Subject) else obj.subject_id,
                verb=verb,
                schema_version=version,
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
    with documents.written_with_next(change for _, rows in pairs for change in rows):
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
