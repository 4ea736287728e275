"""The chart of a series as SVG or PNG, and all its points as CSV."""

from typing import Any, cast

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kit.refusals import Refused
from people.models import User
from rest import keys
from rest.resource import SpecView
from signals.api.period import period_in
from signals.chart_files import TYPES, answer
from signals.filters.chart import CHARTS
from signals.models import Series


class _ChartFile(SpecView):
    """GET returns a file of one series. form: one of TYPES."""

    permission = {"GET": "signals.view"}
    answers = {"GET": (200, OpenApiTypes.BINARY)}
    spec = CHARTS
    form: str

    def get(self, request: Request, key: str) -> HttpResponseBase:
        texts = self.selection(request).texts
        series = get_object_or_404(Series.objects.visible_to(request.user), **self._lookup(key))
        try:
            period = period_in(texts)
        except Refused as refusal:
            raise ValidationError({refusal.field or "from": [refusal.message]}) from None
        return answer(cast(User, request.user), series, period, self.form)

    @staticmethod
    def _lookup(key: str) -> dict[str, Any]:
        if not key.isdecimal():
            raise Http404
        return keys.lookup(key)


class ChartSvg(_ChartFile):
    """The chart of a series as SVG."""

    form, media_type = "svg", TYPES["svg"]


class ChartPng(_ChartFile):
    """The chart of a series as PNG."""

    form, media_type = "png", TYPES["png"]


class ChartCsv(_ChartFile):
    """All points of a series as CSV: `ts` in UTC and `value` with all its digits."""

    form, media_type = "csv", "text/csv"


RESOURCES: list = [
    ("charts/<str:key>.svg", ChartSvg),
    ("charts/<str:key>.png", ChartPng),
    ("charts/<str:key>.csv", ChartCsv),
]
