"""The page of the ledger of duties."""

from datetime import timedelta

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from actions.queries.follow_through import period
from kit.rights import view_needs
from meetings.filters import DUTIES
from meetings.queries import duties as queries
from pages.answers import respond
from pages.listing import listing, reader_of, selection_of
from people.permissions import SignedInRequest

# The periods that the page offers, in days.
PERIODS = (30, 90, 365)


@require_safe
@view_needs("meetings.meeting_view")
def duties(request: SignedInRequest) -> HttpResponse:
    """Show who did which duties, by name, and their numbers by team: ?since=, ?until=, ?team=."""
    selection, reader = selection_of(request, DUTIES), reader_of(request)
    since, until = period(selection, reader)
    listed = listing(request, DUTIES, queries.of_people(selection, reader), selection=selection)
    context = {
        "listing": listed,
        "page": listed.page,
        "rows": queries.shown(listed.page.rows),
        "teams": queries.by_team(selection, reader),
        "since": since,
        "until": until,
        "periods": [
            (
                days,
                selection.query(since=str(until - timedelta(days=days))),
                since == until - timedelta(days=days),
            )
            for days in PERIODS
        ],
    }
    return respond(request, "meetings/duties.html", "rows", context)
