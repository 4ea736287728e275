"""What a page reads from a request: the author, the requested page of a list, the version of a form."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from kit.actor import Actor
from kit.refusals import Refused
from lists import paging

PAGE_SIZE = 50


def actor(request: HttpRequest) -> Actor:
    """Return the author of this request: the signed-in person, on a page."""
    return Actor(request.user, "page")


def page_of(rows: QuerySet[Any], order: Sequence[str], request: HttpRequest) -> paging.KeysetPage:
    """Return the page named by ?after= or ?before=; a cursor of another order gives the first page."""
    after, before = request.GET.get("after") or None, request.GET.get("before") or None
    try:
        return paging.page(rows, order=order, size=PAGE_SIZE, after=after, before=before)
    except Refused:
        return paging.page(rows, order=order, size=PAGE_SIZE)


def version_of(request: HttpRequest) -> int:
    """Return the version that the form was rendered from; 0, which no row has, if the form does not name it.

    The address of an undo has it as a query parameter.
    """
    text = request.POST.get("version") or request.GET.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
