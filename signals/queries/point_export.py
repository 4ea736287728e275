"""The export of points: all points of some series, as CSV or NDJSON, sent while they are read."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import QuerySet

TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
BATCH = 5_000
_NAMES = ("id", "model_name", "metric", "feature", "slice", "kind", "unit")
_HEADING = b"series,model,metric,feature,slice,kind,unit,ts,value\r\n"
# A program of spreadsheets takes a cell that begins with one of these as a formula (lists.export_files).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_POINTS = """
SELECT series_id, ts, value FROM signals_seriesvalue
WHERE series_id = ANY(%(ids)s) AND ts >= %(start)s AND last_ts >= %(start)s
  AND ts < %(end)s AND first_ts < %(end)s
ORDER BY series_id, ts
"""


def chunks(series: QuerySet, form: str, *, start: datetime | None, end: datetime | None) -> Iterator[bytes]:
    """Yield the points of `series` in [start, end), by series and time. form: a key of TYPES.

    All points come from one statement, so they are of one moment. Its cursor is in a transaction, so nothing
    is kept in memory or on disk. A line of NDJSON is a point as POST /points takes it.
    """
    rows = list(series.order_by("id").values_list(*_NAMES))
    starts = {row[0]: (_csv_start(row) if form == "csv" else _ndjson_start(row)) for row in rows}
    end_of_line = "\r\n" if form == "csv" else "}\n"
    before_value = "," if form == "csv" else '","value":'
    if form == "csv":
        yield _HEADING
    bounds = {"start": start or _FIRST, "end": end or _LAST}
    for batch in _batches({"ids": list(starts), **bounds}) if starts else ():
        yield "".join(
            f"{starts[pk]}{ts.isoformat()}{before_value}{value!r}{end_of_line}" for pk, ts, value in batch
        ).encode()


def _batches(parameters: Mapping[str, Any]) -> Iterator[list[tuple[int, datetime, float]]]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_POINTS, parameters)
        while batch := cursor.fetchmany(BATCH):
            yield batch


def _csv_start(row: tuple[Any, ...]) -> str:
    """Return the beginning of each line of a series, up to its time."""
    text = io.StringIO()
    cells = [f"'{cell}" if str(cell).startswith(_FORMULA_STARTS) else cell for cell in row]
    csv.writer(text, lineterminator="").writerow(cells)
    return f"{text.getvalue()},"


def _ndjson_start(row: tuple[Any, ...]) -> str:
    named = dict(zip(("model", *_NAMES[2:]), row[1:], strict=True))
    return orjson.dumps(named).decode()[:-1] + ',"ts":"'
