"""What a page reads from a request: which page of a list is wanted, which version a form was made from."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from kit import paging
from kit.refusals import Refused

PAGE_SIZE = 50


def page_of(rows: QuerySet[Any], order: Sequence[str], request: HttpRequest) -> paging.Page:
    """The page asked for by ?after= or ?before=; a cursor that is not of this order means the first page."""
    after, before = request.GET.get("after") or None, request.GET.get("before") or None
    try:
        return paging.page(rows, order=order, size=PAGE_SIZE, after=after, before=before)
    except Refused:
        return paging.page(rows, order=order, size=PAGE_SIZE)


def version_of(request: HttpRequest) -> int:
    """The version the form was made from; one that is missing matches no row, so it cannot overwrite."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
