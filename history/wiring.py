"""The registry of handlers of events, handlers of due dates, chained verbs and relations.

`riskhub/flows.py` and `riskhub/panels.py` fill it at start, because this room knows no other room.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import QuerySet

Handler = Callable[..., Any]
F = TypeVar("F", bound=Handler)
# Takes an expression for a subject id. Returns a queryset of one column: the related subject ids.
Relation = Callable[[Any], Any]
# Takes the id of a root whose viewers changed. Adapts what upper rooms repeat from it.
ViewersHandler = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class OnDemand:
    """A handler that is handed an event only if its verb is chosen when the event is written.

    The statement that inserts the handovers asks for the chosen verbs, so events that nobody has chosen cost
    no handover. verbs: those that can be chosen. chosen: a queryset of one column, the verbs that are chosen,
    without parameters.
    """

    handler: Handler
    verbs: frozenset[str]
    chosen: QuerySet[Any, Any]


_KEY = re.compile(r"^[a-z_]+(\.[a-z_]+)+$")

_keys: dict[Handler, str] = {}
_handlers: dict[str, Handler] = {}
_subscribed: dict[str, tuple[str, ...]] = {}
_on_demand: dict[str, dict[str, str]] = {}
_former: dict[str, str | None] = {}
_dues: dict[str, Handler] = {}
_chained: set[str] = set()
_first: set[str] = set()
_relations: list[Relation] = []
_on_viewers_changed: list[ViewersHandler] = []
_minor: set[str] = set()


def handler(key: str) -> Callable[[F], F]:
    """Give an event handler the key that its waiting rows are stored under.

    key: `room.noun.what_it_does`, unique. The function may be renamed or moved, but the key must stay. A
    removed key needs a line in riskhub/former_handlers.py, because rows may still wait for it.
    """
    if not _KEY.match(key):
        raise ValueError(f"Use a handler key such as risklog.review.open_for_breach_group, not {key!r}.")

    def keyed(function: F) -> F:
        taken = next((other for other, used in _keys.items() if used == key), None)
        if taken is not None:
            raise ValueError(f"The handler key {key} is used by {taken.__module__}.{taken.__qualname__}.")
        _keys[function] = key
        return function

    return keyed


def key_of(function: Handler) -> str:
    """Return the key of a handler. Raises ValueError for a function without one."""
    try:
        return _keys[function]
    except KeyError:
        name = f"{function.__module__}.{function.__qualname__}"
        raise ValueError(f"{name} has no key. Add @handler('room.noun.what_it_does').") from None


def install(
    *,
    flows: Mapping[str, Iterable[Handler]],
    dues: Mapping[str, Handler],
    chained: Iterable[str] = (),
    first: Iterable[Handler] = (),
    former: Mapping[str, str | None] | None = None,
    on_demand: Iterable[OnDemand] = (),
    on_viewers_changed: Iterable[ViewersHandler] = (),
) -> None:
    """Replace the handlers.

    on_viewers_changed: what runs in the transaction that restricts or opens a root.

    flows: verb -> handlers, each `handler(event, *, at)` with a key; dues: kind -> `handler(due, *, at)`.
    first: handlers that run before all other waiting ones. on_demand: handlers of chosen verbs.
    former: former key -> the current key, or None if nothing is left to do. Raises ValueError if a former key
    leads to an unknown key, if one verb has the same handler twice, or if `chosen` has parameters.
    """
    for table in (_handlers, _subscribed, _on_demand, _former, _dues, _chained, _first):
        table.clear()  # type: ignore[attr-defined]  # dicts and sets
    for verb, handlers in flows.items():
        keys = [key_of(function) for function in handlers]
        if len(set(keys)) < len(keys):
            raise ValueError(f"{verb} has the same handler twice.")
        _handlers.update(zip(keys, handlers, strict=True))
        _subscribed[verb] = tuple(keys)
    for declared in on_demand:
        own_key, chosen = key_of(declared.handler), _without_parameters(declared.chosen)
        _handlers[own_key] = declared.handler
        for verb in declared.verbs:
            _on_demand.setdefault(verb, {})[own_key] = chosen
    for old, key in (former or {}).items():
        if old in _handlers or (key is not None and key not in _handlers):
            raise ValueError(
                f"The former handler key {old} must lead to a current key, but {key} is not one."
            )
        _former[old] = key
    _dues.update(dues)
    _chained.update(chained)
    _first.update(key_of(function) for function in first)
    _on_viewers_changed[:] = on_viewers_changed


def viewers_handlers() -> list[ViewersHandler]:
    """Return what runs in the transaction that restricts or opens a root."""
    return [*_on_viewers_changed]


def _without_parameters(rows: QuerySet[Any, Any]) -> str:
    """Return the statement of a queryset. It is compiled once, because every write runs it."""
    sql, params = rows.query.sql_with_params()
    if params:
        raise ValueError("The queryset of the chosen verbs has parameters.")
    return sql


def first() -> tuple[str, ...]:
    """Return the keys of the handlers that run before all other waiting ones, their former keys included."""
    return tuple(sorted(_first | {old for old, key in _former.items() if key in _first}))


def handlers_of(verb: str) -> tuple[str, ...]:
    """Return the keys of the handlers that are subscribed to a verb."""
    return _subscribed.get(verb, ())


def on_demand_of(verb: str) -> Mapping[str, str]:
    """Return the handlers that get a verb on demand: key -> the statement that selects the chosen verbs."""
    return _on_demand.get(verb, {})


def find_handler(key: str) -> Handler | None:
    """Return the handler of a stored key, current or former; None if a former one has nothing left to do.

    Raises LookupError for an unknown key.
    """
    if key in _former:
        present = _former[key]
        if present is None:
            return None
        key = present
    try:
        return _handlers[key]
    except KeyError:
        raise LookupError(f"No handler has the key {key}.") from None


def known_keys() -> frozenset[str]:
    """Return every key that a stored row may have: current and former ones."""
    return frozenset(_handlers) | frozenset(_former)


def on_due(kind: str) -> Handler:
    """Return the handler of due dates of this kind. Raises LookupError for an unknown kind."""
    try:
        return _dues[kind]
    except KeyError:
        raise LookupError(f"No handler acts on due dates of kind {kind}.") from None


def is_chained(verb: str) -> bool:
    """Return True if events of this verb are chained by hash."""
    return verb in _chained


def later(at: datetime, event_at: datetime) -> datetime:
    """Return the moment that a handler acts at. It is never before its event, also after `tick --at`."""
    return max(at, event_at)


def relate(relations: Iterable[Relation], minor: Iterable[str] = ()) -> None:
    """Replace the relations that join the events of several subjects into one timeline.

    minor: verbs shown on the timeline of their own subject only.
    """
    _relations[:] = relations
    _minor.clear()
    _minor.update(minor)


def minor() -> tuple[str, ...]:
    """Return the minor verbs."""
    return tuple(sorted(_minor))


def relations() -> tuple[Relation, ...]:
    """Return the installed relations."""
    return tuple(_relations)
