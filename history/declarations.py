"""Declarations of events: the verb, the payload, the recipients, the mail and other properties.

Each room has `<room>/events.py` with a table EVENTS. riskhub/collect.py collects, checks and installs them. A
verb and its payload are permanent: a payload that changes its shape gets an upcaster, so that old events stay
readable.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, dataclass_transform

from history.models import Event
from history.states import InDoubt, NewsGroup, NewsTiming

# Converts the data of an event from one version to the next.
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
# The recipients of an event: user id -> the reason, as the inbox shows it. Reads current rows.
Recipients = Callable[[Event], dict[int, str]]
# The facts in the mail of an event, limited to what its reader may see.
MailContext = Callable[[Event, Any], dict[str, Any]]
# The reason not to send the mail of an event to a user any more; "" to send it. Locks the row it depends on.
StillRelevant = Callable[[Event, Any, datetime], str]
# The address that the mail of an event goes to, if it is not that of a person.
Address = Callable[[Event], str]


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Payload:
    """What an event stores besides the changes of its rows: one frozen dataclass per verb.

        class ReviewOpened(Payload, verb="risklog.review_opened"):
            why: str
            asked: list[int]

    A field that is None is not stored. upcasters: one for each former version, oldest first. The version is
    their number plus one, so nobody sets it by hand. A class without a verb is a base class.
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
    """Return an upcaster for a renamed field."""

    def upcast(data: dict[str, Any]) -> dict[str, Any]:
        return {to if name == old else name: value for name, value in data.items()}

    return upcast


def remove(name: str) -> Upcaster:
    """Return an upcaster for a field that was removed."""

    def upcast(data: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in data.items() if key != name}

    return upcast


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """An invitation in a mail. method: REQUEST or CANCEL (RFC 5546). content: the iCalendar."""

    method: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is sent immediately, besides the inbox entry.

    templates: a folder of templates/notices; a folder with the name of the verb has precedence. context: the
    facts in the mail, and as "names" the ids of the subjects that it names besides its own; others see the
    mail as sent only if they may see all of them; as "calendar" an optional CalendarPart; as "secrets" texts
    in it that are kept sealed only, such as a link that signs in.
    still_relevant: checked right before it is sent. in_doubt:
    what to do if the connection broke and nobody knows whether it was sent. goes_to_stand_in: while a
    recipient is away, the mail goes to their stand-in. is_alone: never in one mail with others, such as an
    invitation. is_wanted: whether the event is mailed at all, None if it always is.
    address: of somebody without an account, such as an invited one. Then context and still_relevant get
    None as the reader.
    """

    templates: str
    context: MailContext
    still_relevant: StillRelevant | None = None
    in_doubt: InDoubt = InDoubt.PARK
    goes_to_stand_in: bool = False
    is_alone: bool = False
    is_wanted: Callable[[Event], bool] | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """One verb, declared once.

    of: the payload class, or the verb if it has no payload. recipients: rules; the first rule that names a
    person gives the reason. is_actor_notified: the actor is a recipient too. is_chained: chained by hash
    (history/chain.py). is_minor: shown only on the timeline of its own subject. is_private: shown only to the
    person that its subject is. is_public: sent to webhooks. group: what it is about, for people who choose
    what they want to be told; of every event with recipients. A rule can have another one
    (recipients.in_group). cannot_be_silenced: it is told at once, whatever the person has chosen.
    answered_by: the verbs with which a recipient does what the event asks for, about the same subject. Their
    inbox entry of the event is read then.
    """

    of: type[Payload] | str
    recipients: tuple[Recipients, ...] = ()
    mail: Mail | None = None
    is_urgent: bool = False
    is_actor_notified: bool = False
    is_chained: bool = False
    is_minor: bool = False
    is_private: bool = False
    is_public: bool = True
    group: NewsGroup | None = None
    cannot_be_silenced: bool = False
    answered_by: tuple[str, ...] = ()

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


def verbs() -> list[str]:
    """Return the verbs of all declared events."""
    return [one.verb for one in every()]


def find(verb: str) -> EventType | None:
    """Return the declaration of a verb, None for an unknown one."""
    return _types.get(verb)


def private_verbs() -> tuple[str, ...]:
    """Return the verbs of the events about a person that nobody else sees."""
    return tuple(declared.verb for declared in every() if declared.is_private)


def default_timing(group: NewsGroup) -> NewsTiming:
    """Return when people are told who have not chosen: at once about groups with an event that has a mail."""
    has_mail = any(declared.mail and declared.group == group for declared in every())
    return NewsTiming.AT_ONCE if has_mail else NewsTiming.DIGEST


def upcast(verb: str, version: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored data of an event in the current shape: upcast, with defaults for missing fields."""
    declared = _types.get(verb)
    found = dict(data)
    if declared is None or declared.payload is None:
        return found
    for step in declared.payload.upcasters[version - 1 :]:
        found = step(found)
    return {**declared.payload.defaults(), **found}
