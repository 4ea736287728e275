"""What a room declares about its events: verb, payload, recipients, mail, and what else follows from one.

Each room has `<room>/events.py` with a table EVENTS. The roof collects, checks and installs them. A verb and
its payload live forever: a payload that changes its shape gets an upcaster, so old events stay readable.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, dataclass_transform

from history.models import Event, Subject
from history.states import InDoubt

# Brings the data of an event from one version to the next.
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
# Whom an event concerns: user id -> the reason, as the inbox shows it. Reads present rows.
Recipients = Callable[[Event], dict[int, str]]
# The facts that a mail about a subject states, as its reader may see them.
MailContext = Callable[[Subject, Any], dict[str, Any]]
# Why the mail of an event is not to be sent to a user any more; "" while it is. Locks the row it depends on.
StillRelevant = Callable[[Event, Any, datetime], str]


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Payload:
    """What an event says beside the changes of its rows: a frozen dataclass a verb.

        class ReviewOpened(Payload, verb="risklog.review_opened"):
            why: str
            asked: list[int]

    A field that is None is not stored. upcasters: one for each former version, oldest first; so the version
    is their number plus one, and is never written by hand. A class without a verb is a base for several.
    """

    verb: ClassVar[str]
    version: ClassVar[int]
    upcasters: ClassVar[tuple[Upcaster, ...]]

    def __init_subclass__(cls, *, verb: str = "", upcasters: tuple[Upcaster, ...] = ()) -> None:
        dataclass(frozen=True, kw_only=True)(cls)
        cls.verb, cls.upcasters, cls.version = verb, upcasters, len(upcasters) + 1

    def as_data(self) -> dict[str, Any]:
        """Return the payload as it is stored in Event.data."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]  # a dataclass by __init_subclass__
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all fields."""
        return [field.name for field in fields(cls)]  # type: ignore[arg-type]  # a dataclass by __init_subclass__

    @classmethod
    def required(cls) -> list[str]:
        """Return the names of the fields without a default."""
        return [field.name for field in fields(cls) if field.default is MISSING]  # type: ignore[arg-type]  # a dataclass by __init_subclass__

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the value of each optional field, for stored events that lack it."""
        return {
            field.name: field.default
            for field in fields(cls)  # type: ignore[arg-type]  # a dataclass by __init_subclass__
            if field.default is not MISSING
        }


def rename(old: str, *, to: str) -> Upcaster:
    """Return an upcaster for a field that got another name."""

    def upcast(data: dict[str, Any]) -> dict[str, Any]:
        return {to if name == old else name: value for name, value in data.items()}

    return upcast


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail at once, beside the inbox entry.

    templates: a folder of templates/notices; a folder named like the verb goes before it.
    context: the facts it states. still_relevant: asked right before it is sent. in_doubt: what is done when
    the connection broke, so that nobody knows whether it was sent. goes_to_stand_in: while a recipient is
    away, it goes to who stands in for them.
    """

    templates: str
    context: MailContext
    still_relevant: StillRelevant | None = None
    in_doubt: InDoubt = InDoubt.PARK
    goes_to_stand_in: bool = False


@dataclass(frozen=True, slots=True)
class EventType:
    """One verb, declared once.

    of: the payload class, or the verb where there is none. recipients: rules; the first that names a person
    gives the reason. is_actor_told: also who acted. is_chained: chained by hash (history/chain.py). is_minor:
    shown on the timeline of its own subject only. is_public: sent to webhooks.
    """

    of: type[Payload] | str
    recipients: tuple[Recipients, ...] = ()
    mail: Mail | None = None
    is_urgent: bool = False
    is_actor_told: bool = False
    is_chained: bool = False
    is_minor: bool = False
    is_public: bool = True

    @property
    def verb(self) -> str:
        return self.of if isinstance(self.of, str) else self.of.verb

    @property
    def payload(self) -> type[Payload] | None:
        return None if isinstance(self.of, str) else self.of


_types: dict[str, EventType] = {}


def install(types: Iterable[EventType]) -> None:
    """Replace the declared events. Raises ValueError when a verb is declared twice."""
    found: dict[str, EventType] = {}
    for declared in types:
        if declared.verb in found:
            raise ValueError(f"The event {declared.verb} is declared twice.")
        found[declared.verb] = declared
    _types.clear()
    _types.update(found)


def every() -> tuple[EventType, ...]:
    """Return all declared events, in the order in which they were installed."""
    return tuple(_types.values())


def find(verb: str) -> EventType | None:
    """Return the declaration of a verb, None for an unknown one."""
    return _types.get(verb)


def upcast(verb: str, version: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored data of an event in today's shape: upcasted, with the defaults of what it lacks."""
    declared = _types.get(verb)
    found = dict(data)
    if declared is None or declared.payload is None:
        return found
    for step in declared.payload.upcasters[version - 1 :]:
        found = step(found)
    return {**declared.payload.defaults(), **found}
