"""Sources: found or made at their first body; what became of each body."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.validators import validate_slug
from django.db import connection, transaction
from django.db.models import Q
from django.forms import ValidationError

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from signals import events
from signals.models import Delivery, Source
from signals.states import Adapter, SignalKind

CHANGEABLE = frozenset({"name", "owner", "mapping", "expected_every"})
BODY_KEPT = 64 * 1024
KEPT_FOR = timedelta(days=30)
_LONGEST = timedelta(days=366)
_NOTICED_EVERY = timedelta(seconds=5)
_MAPPED = frozenset({"model", "feature", "kind", "severity", "kinds"})


def named(slug: str, *, adapter: str, by: Actor, at: datetime) -> Source:
    """The source a body comes from, made when it is the first of that name.

    slug "": the one source of this adapter that the sender owns, else the one called like the adapter.
    Raises Refused(field="source") for a slug that cannot be one.
    """
    if not slug:
        return _of_sender(adapter, by) or _found_or_made(adapter, adapter=adapter, by=by, at=at)
    try:
        validate_slug(slug)
    except ValidationError:
        slug = ""
    if not slug or len(slug) > 60:
        raise Refused("Use at most 60 letters, digits and hyphens for the name of a source.", field="source")
    return _found_or_made(slug, adapter=adapter, by=by, at=at)


@transaction.atomic
def add(
    *,
    name: str,
    slug: str,
    adapter: str,
    by: Actor,
    at: datetime,
    owner: Any = None,
    mapping: Mapping[str, Any] | None = None,
    expected_every: timedelta | None = None,
) -> Source:
    """Add a source by hand, before its first body. Raises Refused on name, slug, adapter or mapping."""
    name = name.strip()
    if not name:
        raise Refused("Enter a name.", field="name")
    if adapter not in Adapter.values:
        raise Refused(f"Use one of {', '.join(Adapter.values)}.", field="adapter")
    try:
        validate_slug(slug)
    except ValidationError:
        raise Refused("Use letters, digits and hyphens.", field="slug") from None
    mapping = {} if mapping is None else mapping
    _check_mapping(mapping)
    _check_period(expected_every)
    lock_births()
    if Source.objects.filter(slug=slug).exists():
        raise Refused(f"The source “{slug}” already exists. Choose another name.", field="slug")
    found = Source(
        slug=slug,
        name=name,
        adapter=adapter,
        owner=owner,
        mapping=mapping,
        expected_every=expected_every,
    )
    history.record(found, events.SourceAdded(by_hand=True), by=by, at=at)
    return found


@transaction.atomic
def change(
    source: Source, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Source:
    """Change name, owner, mapping or expected period. Raises Refused on the field that cannot be so."""
    for name in values:
        if name not in CHANGEABLE:
            raise Refused("This field cannot be changed.", field=name)
    if "mapping" in values:
        _check_mapping(values["mapping"])
    _check_period(values.get("expected_every"))
    history.change(source, values, by=by, at=at, seen=seen)
    if "name" in values:
        history.retitle(source)
    return source


def note_delivery(
    source: Source,
    *,
    at: datetime,
    status: int,
    fates: Mapping[str, int] | None = None,
    truncated_alerts: int = 0,
    problem: str = "",
    body: bytes = b"",
) -> Delivery:
    """Keep what became of a body; of one that was not taken whole, the body too, cut to 64 kB, without NUL.

    Two statements at most, the last of the transaction: nobody waits long for the row of a busy source.
    """
    fates = fates or {}
    kept = body[:BODY_KEPT].decode("utf-8", "replace").replace("\x00", "")
    delivery = Delivery.objects.create(
        source=source,
        at=at,
        status=status,
        stored=fates.get("stored", 0),
        duplicates=fates.get("duplicate", 0),
        corrected=fates.get("corrected", 0),
        rejected=fates.get("rejected", 0),
        truncated_alerts=truncated_alerts,
        problem=problem.replace("\x00", "")[:2_000],
        body=kept,
    )
    if source.last_received_at is None or at - source.last_received_at > _NOTICED_EVERY:
        Source.objects.filter(
            Q(last_received_at__isnull=True) | Q(last_received_at__lt=at), pk=source.pk
        ).update(last_received_at=at)
    return delivery


def forget_deliveries(*, at: datetime) -> int:
    """Drop deliveries older than 30 days; for the schedule. Returns how many went."""
    return Delivery.objects.filter(at__lt=at - KEPT_FOR).delete()[0]


def _of_sender(adapter: str, by: Actor) -> Source | None:
    if by.person is None:
        return None
    owned = list(Source.objects.filter(owner_id=by.person.pk, adapter=adapter).order_by("id")[:2])
    return owned[0] if len(owned) == 1 else None


def _found_or_made(slug: str, *, adapter: str, by: Actor, at: datetime) -> Source:
    found = Source.objects.filter(slug=slug).first()
    if found is not None:
        return found
    return _made_once(slug, adapter=adapter, by=by, at=at)


@transaction.atomic
def _made_once(slug: str, *, adapter: str, by: Actor, at: datetime) -> Source:
    lock_births()
    found = Source.objects.filter(slug=slug).first()
    if found is None:
        name = dict(Adapter.choices)[adapter] if slug == adapter else slug
        found = Source(slug=slug, name=name, adapter=adapter, owner=by.person)
        history.record(found, events.SourceAdded(), by=by, at=at)
    return found


def lock_births() -> None:
    """What is born at first sight (sources, series, external rules) is born by one transaction at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7001, 0)")


def _check_period(every: timedelta | None) -> None:
    if every is not None and not timedelta(0) < every <= _LONGEST:
        raise Refused("Enter an interval of more than zero and at most a year.", field="expected_every")


def _check_mapping(mapping: Any) -> None:
    def is_names(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)

    wrong = 'Use {"model": [labels], "feature": […], "kind": […], "severity": […], "kinds": {…}}.'
    if not isinstance(mapping, dict) or set(mapping) - _MAPPED:
        raise Refused(wrong, field="mapping")
    kinds = mapping.get("kinds", {})
    if isinstance(kinds, dict) and (
        odd := [kind for kind in kinds.values() if kind not in SignalKind.values]
    ):
        raise Refused(
            f"“{odd[0]}” is not a kind. Use one of {', '.join(SignalKind.values)}.", field="mapping"
        )
    if not isinstance(kinds, dict) or not all(
        is_names(value) for name, value in mapping.items() if name != "kinds"
    ):
        raise Refused(wrong, field="mapping")
