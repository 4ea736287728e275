"""What every page here reads from a request."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest

from kit import paging
from kit.refusals import Refused
from signals.queries.chart import PERIODS

PAGE_SIZE = 50


def page_of(rows: QuerySet[Any], order: tuple[str, ...], request: HttpRequest) -> paging.Page:
    """The page asked for; a cursor that is not of this order means the first page."""
    cursors = {name: request.GET[name] for name in ("after", "before") if request.GET.get(name)}
    try:
        return paging.page(rows, order=order, size=PAGE_SIZE, **cursors)
    except (Refused, ValueError, TypeError, ValidationError, DataError):
        return paging.page(rows, order=order, size=PAGE_SIZE)


def version_of(request: HttpRequest) -> int:
    """The version the form was made from; one that is missing matches no row, so it cannot overwrite."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def period_of(request: HttpRequest) -> int:
    """The days a chart reaches back."""
    return next((days for days in PERIODS if str(days) == request.GET.get("period")), PERIODS[1])
