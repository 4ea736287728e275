"""What the roof plugs in: who hears which verb, who acts on which date, which verbs are chained.

riskhub/flows.py and riskhub/schedule.py fill this at start; history itself knows no room.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

Handler = Callable[..., Any]
# Given an expression, the id of a subject: a queryset of one column, the subjects about it or come out of it.
Relation = Callable[[Any], Any]

_handlers: dict[str, Handler] = {}
_heard: dict[str, tuple[str, ...]] = {}
_dues: dict[str, Handler] = {}
_chained: set[str] = set()
_first: set[str] = set()
_relations: list[Relation] = []
_quiet: set[str] = set()


def install(
    *,
    flows: Mapping[str, Iterable[Handler]],
    dues: Mapping[str, Handler],
    chained: Iterable[str] = (),
    first: Iterable[Handler] = (),
) -> None:
    """Replace the wiring.

    flows: verb -> handlers `handler(event, *, at)`; dues: kind -> `handler(due, *, at)`.
    first: handlers that go before all that wait, because people wait for what they do.
    A handler is stored by "module:name", so it must keep its name while rows wait for it.
    """
    for table in (_handlers, _heard, _dues, _chained, _first):
        table.clear()  # type: ignore[attr-defined]  # dicts and sets
    for verb, handlers in flows.items():
        names = []
        for handler in handlers:
            names.append(_name(handler))
            _handlers[names[-1]] = handler
        _heard[verb] = tuple(names)
    _dues.update(dues)
    _chained.update(chained)
    _first.update(_name(handler) for handler in first)


def _name(handler: Handler) -> str:
    return f"{handler.__module__}:{handler.__qualname__}"


def first() -> tuple[str, ...]:
    """The names of the handlers that go before all that wait."""
    return tuple(sorted(_first))


def handlers_of(verb: str) -> tuple[str, ...]:
    return _heard.get(verb, ())


def handler(name: str) -> Handler:
    """The handler behind a stored name; LookupError when the code no longer has it."""
    try:
        return _handlers[name]
    except KeyError:
        raise LookupError(f"No handler is called {name}.") from None


def on_due(kind: str) -> Handler:
    try:
        return _dues[kind]
    except KeyError:
        raise LookupError(f"Nothing acts on a due date of kind {kind}.") from None


def is_chained(verb: str) -> bool:
    return verb in _chained


def later(at: datetime, event_at: datetime) -> datetime:
    """The moment a handler acts at: never before what it acts on, also when `tick --at` ran ahead."""
    return max(at, event_at)


def relate(relations: Iterable[Relation], quiet: Iterable[str] = ()) -> None:
    """Replace the relations that join the histories of subjects into one story.

    quiet: verbs told on their own object's page alone, and left out of the story of another.
    """
    _relations[:] = relations
    _quiet.clear()
    _quiet.update(quiet)


def quiet() -> tuple[str, ...]:
    return tuple(sorted(_quiet))


def relations() -> tuple[Relation, ...]:
    return tuple(_relations)
