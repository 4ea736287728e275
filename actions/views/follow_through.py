"""The page of follow-through: done in time and lateness, by team; upper rooms add their own figures."""

from datetime import timedelta
from types import SimpleNamespace

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from actions.filters import FOLLOW_THROUGH
from actions.queries import follow_through as queries
from kit.rights import view_needs
from lists.specification import Selection
from pages.answers import respond
from pages.listing import reader_of, selection_of
from people.permissions import SignedInRequest

# The periods that the page offers, in days.
PERIODS = (30, 90, 365)


@require_safe
@view_needs("actions.action_view")
def follow_through(request: SignedInRequest) -> HttpResponse:
    """Show how many actions were done in time and how late the others were: ?since=, ?until=, ?type=."""
    selection, reader = selection_of(request, FOLLOW_THROUGH), reader_of(request)
    since, until = queries.period(selection, reader)
    context = {
        "all": queries.of_all(selection, reader),
        "teams": queries.by_team(selection, reader),
        "since": since,
        "until": until,
        "periods": [
            (days, _query(selection, until - timedelta(days=days)), since == until - timedelta(days=days))
            for days in PERIODS
        ],
        "type": selection.texts.get("type", ""),
        "asked": SimpleNamespace(selection=selection, reader=reader),
    }
    return respond(request, "actions/follow_through.html", None, context)


def _query(selection: Selection, since: object) -> str:
    return selection.query(since=str(since))
