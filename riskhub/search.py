"""Search by reference and title over everything that has a page, as far as the reader may see it."""

from itertools import groupby
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from history.models import Subject
from kit.links import url_of
from kit.rights import view_needs
from pages.answers import is_fragment, vary
from riskhub.links import PAGES

# kind -> what it is called, its icon; in the order of the groups
KINDS = {
    "risk": ("Risks", "flag"),
    "breach": ("Breaches", "activity-heartbeat"),
    "review": ("Reviews", "eye"),
    "escalation": ("Escalations", "stairs-up"),
    "action": ("Actions", "checkbox"),
    "decision": ("Decisions", "gavel"),
    "meeting": ("Meetings", "microphone"),
    "meeting_series": ("Meeting series", "calendar-repeat"),
    "learning": ("Learnings", "bulb"),
    "model": ("Models", "cpu"),
    "series": ("Series", "chart-line"),
    "threshold": ("Thresholds", "ruler-measure"),
    "source": ("Sources", "plug"),
    "category": ("Categories", "category"),
    "ladder": ("Ladders", "stairs"),
    "person": ("People", "user"),
    "team": ("Teams", "users-group"),
}
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
    rows = Subject.objects.visible_to(user).filter(fits, kind__in=[kind for kind in KINDS if kind in PAGES])
    return rows.annotate(rank=rank).order_by("rank", "is_retired", "-pk")[:count]


@require_safe
@view_needs("people.signed_in")
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "")[:200]
    is_palette = is_fragment(request)
    rows = list(found(request.user, text, IN_PALETTE if is_palette else SHOWN))
    order = {kind: place for place, kind in enumerate(KINDS)}
    if not is_palette:
        rows.sort(key=lambda one: order[one.kind])
    groups = [
        (KINDS[kind][0], [(KINDS[kind][1], one.reference or "", one.title, url_of(one)) for one in members])
        for kind, members in groupby(rows, key=lambda one: one.kind)
    ]
    if is_palette:
        return vary(render(request, "kit/_options.html", {"groups": groups}))
    context = {"q": text, "groups": groups, "is_cut": len(rows) == SHOWN}
    return vary(render(request, "search.html", context))
