"""Writing of history: saves new rows, updates rows by their version, records the changes, inserts the events.

Only history.operations and history.bulk call this module; all other code calls those two.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import F

from history import chain, cleaning, declarations, documents, subjects, wiring
from history.declarations import Payload
from history.models import IS_NEW, Event, Handover, Recorded, Subject
from history.scope import OPEN, Placement
from history.states import Work
from kit import bell
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.texts import many_lines_within
from kit.updates import update_rows

# A new row, or a row with the fields to change on it.
FurtherRow = models.Model | tuple[models.Model, Mapping[str, Any]]

Act = TypeVar("Act", bound=Callable[..., Any])

# A further handler, if the verb of the events is chosen at this moment (wiring.OnDemand).
_ON_DEMAND = " UNION ALL SELECT %s::text WHERE %s IN ({})"
# The statement that inserts events also inserts their handovers, so a write costs no additional statement.
_WITH_HANDOVERS = f"""WITH written AS ({{insert}}), handed AS (
    INSERT INTO {Handover._meta.db_table} (event_id, handler, state, tries, error)
    SELECT id, handler, %s, 0, ''
    FROM written CROSS JOIN (SELECT unnest(%s::text[]){{further}}) AS subscribed (handler)
)
SELECT * FROM written"""  # noqa: S608 - the name of a table
_INSERT_EVENTS = f'INSERT INTO "{Event._meta.db_table}"'

_CHANGED = "Somebody else changed this. Check the current version and try again."


def in_one_transaction(act: Act) -> Act:
    """Run a function in the transaction of the caller, or in its own one if there is none.

    In the first case there is no savepoint: every operation is atomic, so a failure here fails the operation
    too, and a write costs two statements less.
    """

    @wraps(act)
    def acting(*args: Any, **kwargs: Any) -> Any:
        if connection.in_atomic_block:
            return act(*args, **kwargs)
        with transaction.atomic():
            return act(*args, **kwargs)

    return acting  # type: ignore[return-value]  # the wrapper has the same signature


def is_new(obj: models.Model) -> bool:
    return obj._state.adding


def verb_of_move(obj: Any, to: str) -> str:
    try:
        return obj.MOVES[(obj.state, to)]
    except KeyError:
        steps = ", ".join(f"“{target}”" for source, target in obj.MOVES if source == obj.state)
        text = f"This is “{obj.state}” and cannot become “{to}”."
        if obj.state == to:
            text = f"This is “{to}” already."
        can = f"It can become {steps}." if steps else "That is final."
        raise IllegalMove(f"{text} {can}", field="state") from None


def verb_and_data(
    event: str | Payload | None, payload: Payload | None = None, *, default: str = ""
) -> tuple[str, int, dict[str, Any]]:
    """Return (verb, schema version, stored payload) of an event that is given as a payload or as a verb.

    Raises ValueError if both name different verbs, or if the verb is declared with another payload. House
    tests find an undeclared verb, and an event that lacks a field of its payload.
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
    objs: Sequence[Any], scopes: Sequence[Placement] | None = None, *, at: datetime | None = None
) -> list[dict[str, Any]]:
    """Save new objects of one kind. Returns the changes of their rows.

    A Recorded object gets its subject first, because the insertion of the subject draws the object's id.
    scopes: one per object, by default open roots. at: needed where a scope has grants.
    """
    cleaning.clean(objs)
    if isinstance(objs[0], Recorded):
        for obj, subject in zip(objs, subjects.insert(objs, scopes or [OPEN] * len(objs), at), strict=True):
            obj.pk, obj.subject = subject.object_id, subject
    _insert(objs)
    return [
        _row(obj, {name: [None, value] for name, value in snapshot(obj).items()}, is_new=True) for obj in objs
    ]


def _insert(objs: Sequence[models.Model]) -> None:
    for obj in objs:
        obj.clean_fields(exclude=[f.name for f in obj._meta.fields if f.is_relation or f.primary_key])
    if len(objs) == 1:
        objs[0].save(force_insert=True)
    else:
        type(objs[0])._base_manager.bulk_create(objs)


def save_further_rows(rows: Iterable[FurtherRow]) -> list[dict[str, Any]]:
    """Save the further rows of an act: create the new ones, change those given as pairs (row, values)."""
    changes: list[dict[str, Any]] = []
    for kind, some in groupby(rows, type):
        if kind is tuple:
            for obj, values in some:
                changes += update(obj, cleaning.differing(obj, values), None)
        else:
            changes += create(list(some))
    return changes


def update(
    obj: Any,
    values: Mapping[str, Any],
    seen: int | None,
    state: str | None = None,
    *,
    raises_version: bool = False,
) -> list[dict[str, Any]]:
    """Set fields of a row at the version `seen` (None: the loaded one). Returns the changes of the row.

    state: the state that the row must have too. raises_version: also without values. Raises ChangedMeanwhile
    if the row has another version by now.
    """
    expected = obj.version if seen is None else seen
    rows = type(obj)._base_manager.filter(pk=obj.pk, version=expected)
    if state is not None:
        rows = rows.filter(state=state)
    if not values and raises_version:
        if not rows.update(version=F("version") + 1):
            raise _changed_meanwhile(obj)
        obj.version = expected + 1
        return [_row(obj, {})]  # without a field, so that history counts the version
    if not values:
        # No field changes, but the further rows of the act belong to this version.
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
    """Set fields of many rows of one kind, after one locking read of their versions.

    Returns pairs (object, changes of its row). Raises ChangedMeanwhile if one has another version by now.
    """
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
    update_rows([obj for obj, _ in work], sorted(names))
    return changes


def _assign(obj: models.Model, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(obj, name, value)


def _changed_meanwhile(obj: models.Model) -> Refused:
    return ChangedMeanwhile(_CHANGED, present=type(obj)._base_manager.get(pk=obj.pk))


def snapshot(obj: Any, only: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the fields of a row as history stores them, without the fields that it must not store.

    only: the names of the fields, by default all. A field of HISTORY_REFERS has the value "(changed)".
    """
    wanted = None if only is None else set(only)
    fields: dict[str, Any] = {}
    for field in obj._meta.concrete_fields:
        if field.name in {"id", "version"} or field.name in obj.HISTORY_OMITS or field.primary_key:
            continue
        if wanted is not None and not {field.name, field.attname} & wanted:
            continue
        refers = field.name in obj.HISTORY_REFERS
        fields[field.attname] = "(changed)" if refers else _plain(field, field.value_from_object(obj))
    return fields


def _plain(field: models.Field, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    holder: Any = _Holder(field, value)
    return field.value_to_string(holder)


class _Holder:
    """An object with one attribute, because Django serialises the value of a field only from an object."""

    def __init__(self, field: models.Field, value: Any) -> None:
        setattr(self, field.attname, value)


def _row(obj: models.Model, changes: dict[str, list[Any]], *, is_new: bool = False) -> dict[str, Any]:
    model = (obj._meta.concrete_model or obj)._meta.label_lower  # a proxy has the rows of its model
    row = documents.Change(model=model, pk=obj.pk, changes=changes)
    row.document = documents.document_of(obj, changes, is_new=is_new)
    if is_new:
        row[IS_NEW] = True
    if kinds := _kinds(obj, changes):
        row["kinds"] = kinds
    return row


def _kinds(obj: models.Model, names: Iterable[str]) -> dict[str, str]:
    """Return the kind of object that each changed field refers to, so that a line can show its title."""
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
    """Insert one event for each pair (object, changes of its rows), all of one verb, and their handovers.

    event: the verb, or the payload that names it. payload: the payload of all events; payloads: one for each
    pair. default: the verb if neither names one.
    """
    events = []
    for position, (obj, rows) in enumerate(pairs):
        given = payloads[position] if payloads is not None else payload
        verb, version, data = verb_and_data(event, given, default=default)
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
                data=many_lines_within(data) | ({"rows": rows} if rows else {}),
            )
        )
    if wiring.is_chained(verb):
        chain.link(events)
    with _with_handovers(verb), documents.written_with_next(change for _, rows in pairs for change in rows):
        _insert_events(events)
    bell.ring_after_commit()
    return events


def _insert_events(events: Sequence[Event]) -> None:
    if len(events) == 1:
        events[0].save(force_insert=True)
    else:
        Event.objects.bulk_create(events)


@contextmanager
def _with_handovers(verb: str) -> Iterator[None]:
    """Make each statement that inserts events of this verb insert one handover for each of its handlers."""
    handlers, on_demand = wiring.handlers_of(verb), wiring.on_demand_of(verb)
    if not handlers and not on_demand:
        yield
        return
    further = "".join(_ON_DEMAND.format(chosen) for chosen in on_demand.values())
    asked = [text for key in on_demand for text in (key, verb)]

    def join(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(_INSERT_EVENTS):
            sql = _WITH_HANDOVERS.format(insert=sql, further=further)
            params = (*params, Work.PENDING, list(handlers), *asked)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(join):
        yield
