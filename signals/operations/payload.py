"""Take payloads: store what a source sent, record the delivery, take a kept one again.

How a payload is read depends on the adapter of its source (_READERS). `received_at` is when the payload
arrived: it dates what the payload itself does not date. `at` is when it is stored, later for a replay.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from kit.actor import Actor
from kit.refusals import Refused
from signals.mapping import alertmanager, evidently, generic, grafana, mlflow
from signals.mapping import points as points_mapping
from signals.mapping.alertmanager import ParsedBody
from signals.mapping.points import Reading
from signals.mapping.text import Unusable, storable
from signals.models import Alert, Delivery, Source
from signals.operations import alert, points, registry_webhook
from signals.operations import source as sources
from signals.states import Adapter, ItemResult


@dataclass(slots=True)
class BodyResult:
    """The result of a body that could be read.

    results: an ItemResult per item, in their order. rejections: index, field, detail of each rejected item.
    cuts: what was cut of items that are kept, in words. is_kept: keep the body although all was accepted.
    parsed: what was read in the body, None if it could not be read.
    has_effect: the body is stored although it has no items, because it resolves checks that it leaves out.
    """

    results: Sequence[str]
    rejections: Sequence[Mapping[str, Any]]
    truncated_alerts: int = 0
    cuts: Sequence[str] = ()
    is_kept: bool = False
    parsed: ParsedBody | Reading | None = None
    has_effect: bool = False

    def count(self, result: str) -> int:
        return self.results.count(result)

    @property
    def is_accepted(self) -> bool:
        """Return True if the body has no items or at least one of them was not rejected."""
        return not self.results or self.is_any_stored

    @property
    def is_any_stored(self) -> bool:
        """Return True if at least one item was not rejected, or if a body without items has an effect."""
        return self.has_effect or self.count(ItemResult.REJECTED) < len(self.results)

    @property
    def status(self) -> int:
        """Return the HTTP status that answers the body."""
        return 202 if self.is_accepted else 422


@dataclass(frozen=True, slots=True)
class SentBody:
    """A body as a source sent it. raw: its bytes. asked: parameters of its address, such as the model."""

    body: Any
    raw: bytes
    asked: Mapping[str, str]


# ---------------------------------------------------------- receiving


@transaction.atomic
def receive(payload: SentBody, *, slug: str, adapter: str, by: Actor, at: datetime) -> BodyResult:
    """Store a payload and record its delivery. slug: of its source, "" for the sender's.

    Of a body of which nothing is stored, only the delivery remains, and no new source. Raises Refused if the
    source cannot take it.
    """
    try:
        source, result = _store_in_source(payload, slug, adapter, by=by, at=at)
    except _NothingStored as nothing:
        result = nothing.result
        source = sources.for_refused(slug, adapter=adapter, by=by, at=at)
    _note(source, payload, result, at=at)
    return result


@transaction.atomic
def refuse(
    payload: SentBody, *, slug: str, adapter: str, status: int, problem: str, by: Actor, at: datetime
) -> None:
    """Record the delivery of a body that could not be read, or whose source cannot take it."""
    source = sources.for_refused(slug, adapter=adapter, by=by, at=at)
    sources.note_delivery(
        source, at=at, status=status, problem=problem, body=payload.raw, asked=payload.asked
    )


class _NothingStored(Exception):
    """Rolls back the source that a body created of which nothing is stored."""

    def __init__(self, result: BodyResult) -> None:
        super().__init__()
        self.result = result


@transaction.atomic
def _store_in_source(
    payload: SentBody, slug: str, adapter: str, *, by: Actor, at: datetime
) -> tuple[Source, BodyResult]:
    """Find or create the source and store the body. Raises _NothingStored if nothing is stored."""
    source = sources.named(slug, adapter=adapter, by=by, at=at)
    result = take(source, payload, received_at=at, by=by, at=at)
    if not result.is_any_stored:
        raise _NothingStored(result)
    return source, result


def take(source: Source, payload: SentBody, *, received_at: datetime, by: Actor, at: datetime) -> BodyResult:
    """Store the items of a payload, all or nothing. A body of another shape is one rejected item."""
    read = _READERS[source.adapter]
    try:
        return read(source, payload, received_at=received_at, by=by, at=at)
    except Unusable as error:
        return BodyResult([ItemResult.REJECTED], [{"field": error.field, "detail": error.message}])


def _note(
    source: Source, payload: SentBody, result: BodyResult, *, at: datetime, replay_of: Delivery | None = None
) -> Delivery:
    problems = [f"{error['field']}: {error['detail']}" for error in result.rejections[:20]]
    return sources.note_delivery(
        source,
        at=at,
        status=result.status,
        counts={name: result.count(name) for name in ItemResult},
        truncated_alerts=result.truncated_alerts,
        problem="; ".join([*problems, *result.cuts[:20]]),
        body=payload.raw,
        is_sample=not (result.rejections or result.cuts or result.is_kept),
        asked=payload.asked,
        replay_of=replay_of,
    )


# ---------------------------------------------------------- taking again


@transaction.atomic
def replay(delivery: Delivery, *, by: Actor, at: datetime) -> Delivery:
    """Take the kept body of a delivery again, for example with a corrected mapping. Returns the new delivery.

    What is stored already counts as duplicate. Raises Refused if the body is not kept whole, or is no JSON.
    """
    if not delivery.body:
        raise Refused("The body of this delivery is not kept.", field="delivery")
    if delivery.is_cut:
        raise Refused("The body was cut to 64 kB, so it cannot be taken again.", field="delivery")
    payload = SentBody(_body_of(delivery), delivery.body.encode(), delivery.asked)
    try:
        with transaction.atomic():
            result = take(delivery.source, payload, received_at=delivery.at, by=by, at=at)
            if not result.is_any_stored:
                raise _NothingStored(result)
    except _NothingStored as nothing:
        result = nothing.result
    return _note(delivery.source, payload, result, at=at, replay_of=delivery)


def _body_of(delivery: Delivery) -> Any:
    """Parse the kept body: JSON, or points as one JSON object a line. Raises Refused."""
    body = _parsed(delivery.body.encode())
    if not isinstance(body, Unusable):
        return body
    lines = points_mapping.of_lines(delivery.body.encode(), _parsed)
    if delivery.source.adapter == Adapter.POINTS and any(isinstance(line, Mapping) for line in lines):
        return {"points": lines}
    raise Refused("The body is not JSON, so it cannot be taken again.", field="delivery")


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return Unusable("line", "The line is not JSON. Each line is one point, as a JSON object.")


# ---------------------------------------------------------- the adapters


def _take_points(
    source: Source, payload: SentBody, *, received_at: datetime, by: Actor, at: datetime
) -> BodyResult:
    reading = points_mapping.read(payload.body, at=received_at)
    return _stored_points(reading, source, lambda item: _place_of(reading, item), by=by, at=at)


def _take_evidently(
    source: Source, payload: SentBody, *, received_at: datetime, by: Actor, at: datetime
) -> BodyResult:
    asked = payload.asked
    reading, paths = evidently.read(
        payload.body, model=asked.get("model", ""), ts=asked.get("ts", ""), at=received_at
    )
    return _stored_points(reading, source, lambda item: _path_of(paths, item), by=by, at=at)


def _take_mlflow(
    source: Source, payload: SentBody, *, received_at: datetime, by: Actor, at: datetime
) -> BodyResult:
    """Store the metrics of a run, or the version that a webhook of the registry names."""
    if mlflow.is_webhook(payload.body):
        result, problem = registry_webhook.take(payload.body, source, by=by, at=at)
        return BodyResult([result], [], cuts=[problem] if problem else [], is_kept=True)
    reading, paths = mlflow.read(payload.body, model=payload.asked.get("model", ""), at=received_at)
    return _stored_points(reading, source, lambda item: _path_of(paths, item), by=by, at=at)


def _take_alertmanager(
    source: Source, payload: SentBody, *, received_at: datetime, by: Actor, at: datetime
) -> BodyResult:
    parsed = alertmanager.read(payload.body, source.mapping, at=received_at)
    return _stored_alerts(parsed, source, received_at=received_at, by=by, at=at)


def _take_grafana(
    source: Source, payload: SentBody, *, received_at: datetime, by: Actor, at: datetime
) -> BodyResult:
    parsed = grafana.read(payload.body, source.mapping, at=received_at)
    return _stored_alerts(parsed, source, received_at=received_at, by=by, at=at)


def _take_generic(
    source: Source, payload: SentBody, *, received_at: datetime, by: Actor, at: datetime
) -> BodyResult:
    """Store the points or alerts that the mapping of the source finds in the body."""
    mapping, model = source.mapping, payload.asked.get("model", "")
    if not mapping:
        raise Unusable("mapping", "This source has no mapping yet. Build it on the page of the source.")
    if mapping["makes"] == "points":
        reading, paths = generic.read_reading(payload.body, mapping, model=model, at=received_at)
        return _stored_points(reading, source, lambda item: _path_of(paths, item), by=by, at=at)
    parsed = generic.read_alerts(payload.body, mapping, model=model, at=received_at)
    result = _stored_alerts(parsed, source, received_at=received_at, by=by, at=at)
    if mapping.get("is_complete") and not parsed.refused:
        named = model or mapping.get("model", "")
        _resolve_others(source, parsed, named, received_at=received_at, by=by, at=at)
        result.has_effect = True
    return result


def _resolve_others(
    source: Source, parsed: ParsedBody, model: str, *, received_at: datetime, by: Actor, at: datetime
) -> None:
    """Resolve the firing alerts of the models of a body that it does not contain: their checks passed.

    model: of the address, or as the mapping has it ("=credit-pd"), because a body without items names none.
    An alert that a later body contained goes on firing.
    """
    models = {found.model_name for found in parsed.alerts} | {model.removeprefix("=")}
    rows = Alert.objects.filter(source=source, is_firing=True, labels__model__in=models)
    if received_at < at:
        rows = rows.filter(seen_at__lte=received_at)
    others = rows.exclude(fingerprint__in=[found.fingerprint for found in parsed.alerts])
    resolved = [
        generic.resolved(index, row.fingerprint, row.name, row.labels, received_at)
        for index, row in enumerate(others.order_by("pk"))
    ]
    if resolved:
        body = ParsedBody(resolved, count=len(resolved))
        alert.take(body, source=source, by=by, at=at, received_at=received_at)


_READERS: dict[str, Callable[..., BodyResult]] = {
    Adapter.POINTS: _take_points,
    Adapter.EVIDENTLY: _take_evidently,
    Adapter.MLFLOW: _take_mlflow,
    Adapter.ALERTMANAGER: _take_alertmanager,
    Adapter.GRAFANA: _take_grafana,
    Adapter.GENERIC: _take_generic,
}


def _stored_alerts(
    parsed: ParsedBody, source: Source, *, received_at: datetime, by: Actor, at: datetime
) -> BodyResult:
    """Store parsed alerts and return the result of each."""
    taken = alert.take(parsed, source=source, by=by, at=at, received_at=received_at)
    results: list[Any] = taken.results
    for item in parsed.refused:
        results[item] = ItemResult.REJECTED
    rejections = [
        {"index": item, "field": f"alerts[{item}].{error.field}", "detail": error.message}
        for item, error in parsed.refused.items()
    ]
    return BodyResult(results, rejections, parsed.truncated, cuts=parsed.cuts, parsed=parsed)


def _stored_points(
    reading: Reading, source: Source, place_of: Callable[[int], dict[str, Any]], *, by: Actor, at: datetime
) -> BodyResult:
    """Store parsed points and return the result of each. place_of: index and path of an item in the body."""
    results: list[Any] = points.store(reading, source=source, by=by, at=at).results
    rejections = []
    for item, error in reading.refused.items():
        results[item] = ItemResult.REJECTED
        place = place_of(item)
        field = storable(f"{place['field']}{error.field}"[:400])
        rejections.append({**place, "field": field, "detail": error.message})
    return BodyResult(results, rejections, parsed=reading)


def _place_of(reading: Reading, item: int) -> dict[str, Any]:
    """Return where a point is in a body of points: its index, and that of its series if it has one."""
    series, index = reading.places[item] if reading.places is not None else (-1, item)
    if series < 0:
        return {"index": index, "field": f"points[{index}]."}
    return {"series": series, "index": index, "field": f"series[{series}].points[{index}]."}


def _path_of(paths: Sequence[str], item: int) -> dict[str, Any]:
    return {"index": item, "field": f"{paths[item]}: "}
