"""The export of points: many series and any period in one file."""

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request

from kit import clock
from lists.specification import Reader
from rest.resource import SpecView
from signals.filters.series import POINT_EXPORT
from signals.models import Series
from signals.queries import point_export


class PointExport(SpecView):
    """All points of the series that the filters leave, as CSV or NDJSON.

    A line of NDJSON is a point as POST /points takes it.
    """

    permission = {"GET": "signals.view"}
    answers = {"GET": (200, OpenApiTypes.BINARY)}
    media_type = "text/csv"
    further_media_types = ("application/x-ndjson",)
    spec = POINT_EXPORT

    def get(self, request: Request) -> StreamingHttpResponse:
        selection = self.selection(request)
        reader = Reader(request.user, clock.today(), clock.now())
        series = self.spec.apply(Series.objects.visible_to(request.user), selection, reader)
        (form,) = selection.values.get("format", ("csv",))
        (start,) = selection.values.get("from", (None,))
        (end,) = selection.values.get("until", (None,))
        chunks = point_export.chunks(series, form, start=start, end=end)
        answer = StreamingHttpResponse(chunks, content_type=point_export.TYPES[form])
        answer["Content-Disposition"] = content_disposition_header(True, f"points-{reader.today}.{form}")
        return answer


RESOURCES: list = [("points/export", PointExport)]
