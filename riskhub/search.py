"""Search by reference and title over everything that has a page, as far as the reader may see it."""

from itertools import groupby
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from history.models import Subject
from kit import kinds
from kit.rights import may, view_needs
from pages.answers import is_fragment, vary

SHOWN, IN_PALETTE = 60, 12
_MOST_WORDS = 8


def found(user: Any, text: str, count: int) -> QuerySet[Subject]:
    """What fits all the words: references first, then titles that begin so, then the newest. One query."""
    words = text.split()[:_MOST_WORDS]
    if not words:
        return Subject.objects.none()
    fits = Q()
    for word in words:
        fits &= Q(title__icontains=word) | Q(reference__istartswith=word)
    rank = Case(
        When(reference__iexact=text.strip(), then=Value(0)),
        When(reference__istartswith=text.strip(), then=Value(1)),
        When(title__istartswith=text.strip(), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    allowed = [kind.key for kind in kinds.searchable() if may(user, kind.permission)]
    rows = Subject.objects.visible_to(user).filter(fits, kind__in=allowed)
    return rows.annotate(rank=rank).order_by("rank", "is_retired", "-pk")[:count]


@require_safe
@view_needs("people.signed_in")
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "")[:200]
    is_palette = is_fragment(request)
    rows = list(found(request.user, text, IN_PALETTE if is_palette else SHOWN))
    declared = {kind.key: kind for kind in kinds.searchable()}
    if not is_palette:
        order = {key: place for place, key in enumerate(declared)}
        rows.sort(key=lambda row: order[row.kind])
    groups = [
        (
            declared[key].plural,
            [(declared[key].icon, row.reference or "", row.title, kinds.url_of(row)) for row in members],
        )
        for key, members in groupby(rows, key=lambda row: row.kind)
    ]
    if is_palette:
        return vary(render(request, "kit/_options.html", {"groups": groups}))
    context = {"q": text, "groups": groups, "is_cut": len(rows) == SHOWN}
    return vary(render(request, "search.html", context))
