"""Try a payload: say what would become of each of its items, without storing anything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from catalogue.queries import model as catalogue
from kit.actor import Actor
from signals.mapping.alertmanager import ParsedAlert, ParsedBody
from signals.mapping.labels import kind_of_name
from signals.mapping.points import Reading
from signals.mapping.text import from_micros
from signals.models import Source
from signals.operations import payload
from signals.operations.payload import BodyResult, SentBody
from signals.states import BreachLevel, ItemResult, SignalKind

MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class TriedItem:
    """What would become of one item.

    index: in the payload. name: of the metric or rule. is_registered: a model that the reader may see has
    this name. level: "Warning" or "Critical" of an alert that fires, "" for a point. field, detail: why it
    would be rejected.
    """

    index: int
    result: str
    model_name: str = ""
    is_registered: bool = False
    name: str = ""
    feature: str = ""
    slice: str = ""
    kind: str = ""
    level: str = ""
    value: float | None = None
    ts: datetime | None = None
    field: str = ""
    detail: str = ""

    @property
    def result_label(self) -> str:
        return ItemResult(self.result).label

    @property
    def kind_label(self) -> str:
        return SignalKind(self.kind).label if self.kind else ""


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """The result of a tried payload. status: of its answer. items: the first MAX_SHOWN of `count`."""

    status: int
    count: int
    results: Mapping[str, int]
    items: list[TriedItem]
    problems: list[str]

    @property
    def is_accepted(self) -> bool:
        return self.status < 300

    @property
    def counts_text(self) -> str:
        return ", ".join(f"{number} {name}" for name, number in self.results.items() if number)


def try_out(source: Source, sent: SentBody, *, by: Actor, at: datetime) -> TrialOutcome:
    """Take a payload as if the source had sent it, then undo everything. Returns the result of each item."""
    result = BodyResult([], [])
    try:
        with transaction.atomic():
            result = payload.take(source, sent, received_at=at, by=by, at=at)
            raise _Undone
    except _Undone:
        return _trial(result, by)


class _Undone(Exception):
    """Rolls back what a trial wrote."""


def _trial(result: BodyResult, by: Actor) -> TrialOutcome:
    items = {item.index: item for item in _read_items(result)}
    errors = _errors(result)
    shown = [
        replace(items.get(index) or TriedItem(index, each), result=each, **errors.get(index, {}))
        for index, each in enumerate(result.results[:MAX_SHOWN])
    ]
    return TrialOutcome(
        status=result.status,
        count=len(result.results),
        results={name.value: result.count(name) for name in ItemResult},
        items=_with_models(shown, by),
        problems=[f"{error['field']}: {error['detail']}" for error in result.rejections[:20]]
        + [*result.cuts],
    )


def _errors(result: BodyResult) -> dict[int, dict[str, Any]]:
    """Return item -> field and detail of each rejected item. A body that cannot be read is one item."""
    items = [0] if result.parsed is None else result.parsed.refused
    return {
        item: {"field": error["field"], "detail": error["detail"]}
        for item, error in zip(items, result.rejections, strict=False)
    }


def _read_items(result: BodyResult) -> Iterable[TriedItem]:
    if isinstance(result.parsed, ParsedBody):
        return [_of_alert(parsed) for parsed in result.parsed.alerts if parsed.item < MAX_SHOWN]
    if isinstance(result.parsed, Reading):
        return _of_points(result.parsed)
    return []


def _of_alert(parsed: ParsedAlert) -> TriedItem:
    return TriedItem(
        index=parsed.item,
        result="",
        model_name=parsed.model_name,
        name=parsed.rule,
        feature=parsed.feature,
        kind=parsed.kind,
        level=BreachLevel(parsed.level).label if parsed.is_firing and not parsed.is_ignored else "",
        value=parsed.value,
        ts=parsed.starts_at,
    )


def _of_points(reading: Reading) -> list[TriedItem]:
    rows = zip(reading.items, reading.keys, reading.ts, reading.values, strict=True)
    items = []
    for item, key, ts, value in rows:
        if item >= MAX_SHOWN:
            break
        model_name, metric, feature, slice_name = reading.names[key]
        items.append(
            TriedItem(
                index=item,
                result="",
                model_name=model_name,
                name=metric,
                feature=feature,
                slice=slice_name,
                kind=reading.kinds[key] or kind_of_name(metric),
                value=value,
                ts=from_micros(ts),
            )
        )
    return items


def _with_models(items: list[TriedItem], by: Actor) -> list[TriedItem]:
    """Return the items, each with whether its model is registered, as far as the author may see it."""
    models = catalogue.models_called({item.model_name for item in items})
    seen = {name for name, model in models.items() if by.person and model.subject.is_visible_to(by.person)}
    return [replace(item, is_registered=item.model_name in seen) for item in items]
