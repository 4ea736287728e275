"""Write sources: create one at its first payload, change it, record each payload as a delivery."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.validators import validate_slug
from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Greatest
from django.forms import ValidationError

from history import operations as history
from kit import locks, sealed
from kit.actor import Actor
from kit.locks import Lock
from kit.prepared import Argument, Prepared
from kit.refusals import Refused
from kit.texts import one_line
from people.models import User
from people.slugs import free_slug, slug_of
from signals import events
from signals.mapping import generic, labels
from signals.mapping.text import Unusable
from signals.models import Delivery, Source
from signals.states import SIGNING, Adapter

CHANGEABLE = frozenset({"name", "owner", "mapping", "expected_every", "secret"})
MAX_SLUG = 60  # characters
MAX_STORED_BODY = 64 * 1024
_MIN_SECRET, _MAX_SECRET = 8, 200  # characters
_MAX_INTERVAL = timedelta(days=366)
_RESERVED = frozenset({Adapter.ALERTMANAGER.value, Adapter.POINTS.value})
_TOUCHED_EVERY = timedelta(seconds=5)
_SAMPLED_EVERY = timedelta(hours=1)
_MAPPED = frozenset({"model", "feature", "kind", "severity", "kinds", "severities"})


def named(slug: str, *, adapter: str, by: Actor, at: datetime) -> Source:
    """Return the source that a payload comes from. Create it if no source has this slug yet.

    slug: "" means the only source of this adapter that the sender owns, or the one named like the adapter.
    A name in another script than Latin names the source of this name, which gets a slug of its own.
    Raises Refused(field="source") if the slug is not valid, or names a source of another adapter.
    """
    if not slug:
        return default(adapter, by=by, at=at)
    if len(slug) <= MAX_SLUG and _is_slug(slug):
        return _get_or_create(slug, adapter=adapter, by=by, at=at)
    name = one_line(slug)
    if name.isascii() or len(name) > MAX_SLUG or not slug_of(name):
        raise Refused("Use at most 60 letters, digits and hyphens for the name of a source.", field="source")
    source = Source.objects.filter(name=name, adapter=adapter).order_by("id").first()
    return source or _create_once(_slug_for(name), name=name, adapter=adapter, by=by, at=at)


def default(adapter: str, *, by: Actor, at: datetime) -> Source:
    """Return the one source of this adapter that the sender owns, else the one called like the adapter."""
    return _of_sender(adapter, by) or _get_or_create(_default_slug(adapter), adapter=adapter, by=by, at=at)


def _default_slug(adapter: str) -> str:
    """Return the name of the adapter, with a suffix if a job that sends points is called so: "evidently"."""
    is_taken = (
        adapter not in _RESERVED and Source.objects.filter(slug=adapter).exclude(adapter=adapter).exists()
    )
    return f"{adapter}-intake" if is_taken else adapter


def for_refused(slug: str, *, adapter: str, by: Actor, at: datetime) -> Source:
    """Return the source that keeps a body of which nothing was stored.

    The named one if it exists and takes such bodies, else the sender's default: a refused body creates no
    source of its own, or one token could create any number of them.
    """
    existing = Source.objects.filter(slug=slug, adapter=adapter).first() if "\x00" not in slug else None
    return existing or default(adapter, by=by, at=at)


@transaction.atomic
def add(
    *,
    name: str,
    slug: str,
    adapter: str,
    by: Actor,
    at: datetime,
    owner: User | None = None,
    mapping: Mapping[str, Any] | None = None,
    expected_every: timedelta | None = None,
    secret: str = "",
) -> Source:
    """Create a source before its first payload. slug: "" derives it from the name.

    owner: by default nobody; with a secret whoever adds it, because signed payloads act for the owner.

    Raises Refused, with the field, for an invalid name, slug, adapter, mapping or interval.
    """
    name = name.strip()
    if not name:
        raise Refused("Enter a name.", field="name")
    if adapter not in Adapter.values:
        raise Refused(f"Use one of {', '.join(Adapter.values)}.", field="adapter")
    slug = slug or _slug_for(name)
    if not _is_slug(slug):
        raise Refused("Use letters, digits and hyphens.", field="slug")
    _check_reserved(slug, adapter, field="slug")
    mapping = {} if mapping is None else mapping
    _check_mapping(mapping, adapter)
    _check_period(expected_every)
    lock_creation()
    if Source.objects.filter(slug=slug).exists():
        raise Refused(f"The source “{slug}” already exists. Choose another name.", field="slug")
    source = Source(slug=slug, name=name, adapter=adapter, owner=owner, mapping=mapping)
    source.expected_every = expected_every
    if secret:
        source.secret = _sealed_secret(source, secret)
        source.owner = owner or (by.person.answerable if by.person is not None else None)
    history.record(source, events.SourceAdded(by_hand=True), by=by, at=at)
    return source


@transaction.atomic
def change(
    source: Source, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Source:
    """Change fields of CHANGEABLE. Raises Refused, with the field, for an invalid value or another field."""
    for name in values:
        if name not in CHANGEABLE:
            raise Refused("This field cannot be changed.", field=name)
    if "mapping" in values:
        _check_mapping(values["mapping"], source.adapter)
    _check_period(values.get("expected_every"))
    if values.get("secret"):
        values = {**values, "secret": _sealed_secret(source, values["secret"])}
    history.change(source, values, by=by, at=at, seen=seen)
    if "name" in values:
        history.retitle(source)
    return source


def _sealed_secret(source: Source, secret: str) -> str:
    if source.adapter not in SIGNING:
        raise Refused(f"{Adapter(source.adapter).label} signs no bodies.", field="secret")
    if not _MIN_SECRET <= len(secret) <= _MAX_SECRET:
        raise Refused(f"Use {_MIN_SECRET} to {_MAX_SECRET} characters.", field="secret")
    return sealed.seal(secret)


def note_delivery(
    source: Source,
    *,
    at: datetime,
    status: int,
    counts: Mapping[str, int] | None = None,
    truncated_alerts: int = 0,
    problem: str = "",
    body: bytes = b"",
    is_sample: bool = False,
    asked: Mapping[str, str] | None = None,
    replay_of: Delivery | None = None,
) -> Delivery:
    """Create the delivery of a payload and return it.

    status: the HTTP status of the response. counts: ItemResult -> number of items. body: the raw payload; it
    is stored cut to 64 kB and without NUL, which PostgreSQL cannot store. is_sample: nothing was rejected, so
    a whole body is kept only once an hour.

    At most two statements. Call it last in the transaction, so that the row of a busy source is locked only
    briefly.
    """
    counts = counts or {}
    if is_sample and not (len(body) <= MAX_STORED_BODY and _is_older(source.sampled_at, at, _SAMPLED_EVERY)):
        body = b""
    delivery = Delivery.objects.create(
        source=source,
        at=at,
        status=status,
        stored=counts.get("stored", 0),
        duplicates=counts.get("duplicate", 0),
        corrected=counts.get("corrected", 0),
        rejected=counts.get("rejected", 0),
        ignored=counts.get("ignored", 0),
        truncated_alerts=truncated_alerts,
        problem=problem.replace("\x00", "")[:2_000],
        body=body[:MAX_STORED_BODY].decode("utf-8", "replace").replace("\x00", ""),
        is_cut=len(body) > MAX_STORED_BODY,
        asked={name: text for name, text in (asked or {}).items() if text},
        replay_of=replay_of,
    )
    if replay_of is None:
        _touch(source, at, is_sampled=is_sample and bool(body))
    return delivery


def _touch(source: Source, at: datetime, *, is_sampled: bool) -> None:
    """Note that a source sent a body, every few seconds, and whether the body is kept as a sample."""
    values: dict[str, Any] = {"sampled_at": at} if is_sampled else {}
    if values or _is_older(source.last_received_at, at, _TOUCHED_EVERY):
        rows = Source.objects.filter(pk=source.pk)
        rows.update(last_received_at=Greatest("last_received_at", Value(at, DateTimeField())), **values)


def _is_older(moment: datetime | None, at: datetime, age: timedelta) -> bool:
    return moment is None or at - moment > age


def _of_sender(adapter: str, by: Actor) -> Source | None:
    owner = by.person.answerable if by.person is not None else None
    if owner is None:
        return None
    owned = list(Source.objects.filter(owner=owner, adapter=adapter).order_by("id")[:2])
    return owned[0] if len(owned) == 1 else None


_SOURCE = Prepared(lambda: Source.objects.filter(slug=Argument("slug")))


def _get_or_create(slug: str, *, adapter: str, by: Actor, at: datetime) -> Source:
    source = _SOURCE.first(slug=slug)
    if source is None:
        _check_reserved(slug, adapter, field="source")
        name = dict(Adapter.choices)[adapter] if slug == adapter else slug
        source = _create_once(slug, name=name, adapter=adapter, by=by, at=at)
    if source.adapter != adapter:
        expected = Adapter(source.adapter).label
        raise Refused(f"The source “{slug}” accepts {expected}. Use another source.", field="source")
    return source


def _is_slug(text: str) -> bool:
    try:
        validate_slug(text)
    except ValidationError:
        return False
    return True


def _slug_for(name: str) -> str:
    """Return the slug of a name, numbered if another source has it."""
    slug = slug_of(name)[: MAX_SLUG - 5].rstrip("-")
    taken = Source.objects.filter(slug__startswith=slug).values_list("slug", flat=True)
    return free_slug(slug, {*taken, *Adapter.values}, "source")


def _check_reserved(slug: str, adapter: str, *, field: str) -> None:
    """Refuse the name of an adapter for a source of another one: it names that adapter's default source."""
    if slug in _RESERVED and slug != adapter:
        raise Refused(
            f"The name “{slug}” is reserved for {Adapter(slug).label}. Choose another name.", field=field
        )


@transaction.atomic
def _create_once(slug: str, *, name: str, adapter: str, by: Actor, at: datetime) -> Source:
    """Create the source under the lock, unless another transaction created it meanwhile."""
    lock_creation()
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        owner = by.person.answerable if by.person is not None else None
        source = Source(slug=slug, name=name, adapter=adapter, owner=owner)
        history.record(source, events.SourceAdded(), by=by, at=at)
    return source


def lock_creation() -> None:
    """Take the lock for rows that a payload creates: sources, series and external rules.

    One transaction at a time holds it, until it ends.
    """
    locks.wait_for(Lock.SOURCES)


def _check_period(every: timedelta | None) -> None:
    if every is not None and not timedelta(0) < every <= _MAX_INTERVAL:
        raise Refused("Enter an interval of more than zero and at most a year.", field="expected_every")


def _check_mapping(mapping: Any, adapter: str) -> None:
    if adapter == Adapter.GENERIC:
        try:
            generic.check_mapping(mapping)
        except Unusable as error:
            raise Refused(f"{error.field}: {error.message}", field="mapping") from None
    else:
        _check_labels(mapping)


def _check_labels(mapping: Any) -> None:
    def is_names(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)

    usage = (
        'Use {"model": [labels], "feature": […], "kind": […], "severity": […], "kinds": {…}, '
        '"severities": {…}}.'
    )
    if not isinstance(mapping, dict) or set(mapping) - _MAPPED:
        raise Refused(usage, field="mapping")
    try:
        labels.check_severities(mapping.get("severities", {}))
        labels.check_kinds(mapping.get("kinds", {}))
    except Unusable as error:
        raise Refused(error.message, field="mapping") from None
    if not all(is_names(value) for name, value in mapping.items() if name not in {"kinds", "severities"}):
        raise Refused(usage, field="mapping")
