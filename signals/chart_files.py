"""The chart of a series as a file: SVG, PNG, or all its points as CSV. Pages and the API send the same."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from pages import chart_image
from people.models import User
from signals.dashboards import ChartPeriod
from signals.models import Series, SeriesValue
from signals.queries import picture
from signals.queries.chart import charts
from signals.templatetags.pictures import chart_of

TYPES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8"}


def answer(user: User, series: Series, period: ChartPeriod, form: str) -> Any:
    """Return the response with the file. form: one of TYPES. The caller has checked that the user sees it."""
    if form == "csv":
        response: Any = StreamingHttpResponse(_lines(series, period), content_type=TYPES[form])
    else:
        chart = charts(user, [series], start=period.start, end=period.end)[series.pk]
        drawn = chart_of(picture.of_charts("", [chart], period))
        content = chart_image.svg(**drawn) if form == "svg" else chart_image.png(**drawn)
        response = HttpResponse(content, content_type=TYPES[form])
    name = f"series-{series.pk}.{form}"
    response["Content-Disposition"] = content_disposition_header(form == "csv", name)
    return response


def _lines(series: Series, period: ChartPeriod) -> Iterator[str]:
    """Return the points as CSV with moments in UTC. Numbers have all their digits."""
    yield "ts,value\r\n"
    values = SeriesValue.objects.filter(series=series).between(period.start, period.end).order_by("ts")
    for ts, value in values.values_list("ts", "value").iterator(chunk_size=5000):
        yield f"{ts.astimezone(UTC).isoformat()},{value!r}\r\n"
