"""The list of actions, with saved views and export."""

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from actions import queries
from actions.filters import ACTION_LIST, SPEC, live_actions
from actions.queries.action_export import ACTION_EXPORT
from actions.views.steps import prepare
from kit.rights import may, view_needs
from pages.answers import respond
from pages.exporting import export_addresses, send_export
from pages.listing import kept_filters, listing, reader_of, selection_of
from people.permissions import SignedInRequest
from saved import queries as saved

# The filters with a select of their own; the others are chips while they are set.
SELECTS = {
    "owner": "Any owner",
    "team": "Any team",
    "state": "Any state",
    "type": "Any type",
    "due": "Any date",
}


@require_safe
@view_needs("actions.action_view")
def action_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the list. Finished actions are on it only if the address asks for them."""
    selection, reader = selection_of(request, SPEC), reader_of(request)
    rows = queries.with_rows(live_actions(selection, reader))
    shown = listing(request, SPEC, rows, selection=selection)
    prepare(request.user, shown.page.rows)
    context = {
        "listing": shown,
        "page": shown.page,
        **saved.page_context(ACTION_LIST, request.user, selection),
        "selects": SELECTS.items(),
        **kept_filters(shown, *SELECTS),
        "exports": export_addresses(reverse("actions:action_export"), selection),
        "query": selection.query(),
        "may_add": may(request.user, "actions.action_add"),
        "may_change": may(request.user, "actions.action_change"),
    }
    return respond(request, "actions/action_list.html", "log", context)


@require_safe
@view_needs("actions.action_view")
def action_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all actions of the filtered list, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, ACTION_EXPORT, live_actions)
