"""The list specifications of series and points: filters and orders of the pages and the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from signals.filters.source import BY_NUMBER
from signals.states import SignalKind


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("Use ISO 8601 with the offset, such as 2026-11-23T10:00:00Z; write + as %2B.")
    return moment


SERIES = ListSpec(
    filters={
        "model": filtering.exact("Model", "model_name", help="What tools call the model."),
        "metric": filtering.exact("Metric", "metric"),
        "feature": filtering.exact("Feature", "feature"),
        "kind": filtering.choice("Kind", "kind", SignalKind),
        "source": filtering.exact("Source", "source__slug", help="The slug of a source."),
    },
    orders={**BY_NUMBER, "model": Order("Model", ("model_name", "metric", "feature", "slice", "id"))},
)


def _bound(label: str, lookups: tuple[str, str], help: str) -> Filter:
    """Return a filter of values by a bound of their time, which also bounds the packs that are opened."""
    return Filter(
        label,
        lambda values, reader: Q(**dict.fromkeys(lookups, values[0])),
        _moment,
        is_many=False,
        help=help,
        shape="date-time",
    )


POINTS = ListSpec(
    filters={
        "series": Filter(
            "Series",
            filtering.equals("series_id"),
            filtering.number,
            is_many=False,
            help="The number of one series.",
            shape=filtering.NUMBER,
        ),
        "from": _bound("From", ("ts__gte", "last_ts__gte"), "Points at or after this moment."),
        "until": _bound("Until", ("ts__lt", "first_ts__lt"), "Points before this moment."),
    },
    orders={"ts": Order("Oldest", ("ts",)), "-ts": Order("Newest", ("-ts",))},
    required=("series",),
)


def _nothing(values: Sequence[Any], reader: Reader) -> Q:
    return Q()


def _read_later(label: str, help: str) -> Filter:
    """Return a filter that narrows no series: the export reads its moment itself."""
    return Filter(label, _nothing, _moment, is_many=False, help=help, shape="date-time")


POINT_EXPORT = ListSpec(
    filters={
        "series": Filter(
            "Series",
            filtering.equals("id"),
            filtering.number,
            help="The numbers of series. Default: all.",
            shape=filtering.NUMBER,
        ),
        **SERIES.filters,
        "from": _read_later("From", "Points at or after this moment."),
        "until": _read_later("Until", "Points before this moment."),
        "format": filtering.named(
            "Format",
            {"csv": ("CSV", lambda reader: Q()), "ndjson": ("NDJSON", lambda reader: Q())},
            help="Default: csv.",
        ),
    },
    orders={"series": Order("Series", ("id",))},
    is_paged=False,
)
