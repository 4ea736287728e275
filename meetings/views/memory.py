"""The pages of the memory of a model and of a team."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalogue.models import Model
from history.models import Event, RecordedQuerySet
from kit.rights import view_needs
from meetings.filters import MEMORY
from meetings.memory import PARTS, WORDS
from meetings.queries import memory as queries
from pages.answers import respond
from pages.listing import listing, selection_of
from people.models import Team
from people.permissions import SignedInRequest


@require_safe
@view_needs("meetings.meeting_view")
def memory_of_model(request: SignedInRequest, slug: str) -> HttpResponse:
    model = get_object_or_404(Model.objects.visible_to(request.user), slug=slug)
    rows = queries.of_model(request.user, model)
    return _page(request, rows, name=model.name, back=reverse("catalogue:model_detail", args=[slug]))


@require_safe
@view_needs("meetings.meeting_view")
def memory_of_team(request: SignedInRequest, slug: str) -> HttpResponse:
    team = get_object_or_404(Team.objects.visible_to(request.user), slug=slug)
    rows = queries.of_team(request.user, team)
    return _page(request, rows, name=team.name, back=reverse("people:team_detail", args=[slug]))


def _page(request: SignedInRequest, rows: RecordedQuerySet[Event], **context: Any) -> HttpResponse:
    selection = selection_of(request, MEMORY).in_order("-at")
    shown = listing(request, MEMORY, rows, selection=selection)
    part = selection.texts.get("part", "")
    found = [(event, WORDS[event.verb]) for event in shown.page.rows]
    parts = [(value, label) for value, (label, _) in PARTS.items()]
    context |= {"listing": shown, "page": shown.page, "found": found, "parts": parts, "part": part}
    return respond(request, "meetings/memory.html", "list", context)
