"""The executive page."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from kit import clock
from kit.rights import may, view_needs
from leaders.filters import EXECUTIVE
from leaders.queries import goal as goals
from leaders.queries import overview
from leaders.views import sponsor
from pages.answers import respond
from pages.listing import Filtering, selection_of
from people.models import Team
from people.permissions import SignedInRequest

GOALS_SHOWN = 4


@require_safe
@view_needs("leaders.executive_view")
def executive(request: SignedInRequest) -> HttpResponse:
    """Show the figures of a day, of the organisation or a team: ?on=2026-11-01, ?team=growth."""
    selection = selection_of(request, EXECUTIVE)
    slug = selection.texts.get("team")
    team = get_object_or_404(Team.objects.visible_to(request.user), slug=slug) if slug else None
    on = selection.values.get("on", (clock.today(),))[0]
    found = goals.open_goals(request.user, team)
    context: dict[str, Any] = {
        "listing": Filtering(request.user, EXECUTIVE, selection),
        "on": on,
        "is_past": on < clock.today(),
        "team": team,
        "overview": overview.read(request.user, on, team),
        "waiting": sponsor.waiting_for(request.user) if on >= clock.today() else None,
        "may_allot": may(request.user, "leaders.allotment_set"),
        "goals": found[:GOALS_SHOWN],
        "goal_count": len(found),
        "may_add_goal": may(request.user, "leaders.goal_add"),
    }
    return respond(request, "leaders/executive.html", None, context)
