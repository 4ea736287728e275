"""The page of a list that an address asks for."""

from django.db.models import QuerySet
from django.http import HttpRequest

from kit import paging
from kit.refusals import Refused

_ORDER, _SIZE = ("name", "id"), 50


def page_of(rows: QuerySet, request: HttpRequest) -> paging.Page:
    """By name; a cursor that is not ours means the first page."""
    cursors = {name: request.GET[name] for name in ("after", "before") if request.GET.get(name)}
    try:
        return paging.page(rows, order=_ORDER, size=_SIZE, **cursors)
    except Refused:
        return paging.page(rows, order=_ORDER, size=_SIZE)
