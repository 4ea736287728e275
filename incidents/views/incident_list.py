"""The list of incidents, with saved views and export."""

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidents.filters import INCIDENT_LIST, SPEC, current_incidents
from incidents.queries import elsewhere
from incidents.queries import incident as queries
from incidents.queries.incident_export import INCIDENT_EXPORT
from kit.rights import may, view_needs
from pages.answers import respond
from pages.exporting import export_addresses, send_export
from pages.listing import kept_filters, listing, reader_of, selection_of
from people.permissions import SignedInRequest
from saved import queries as saved

# The filters with a select of their own; the others are chips while they are set.
SELECTS = {
    "state": "Any state",
    "severity": "Any severity",
    "model": "Any model",
    "role": "Handled by anyone",
}


@require_safe
@view_needs("incidents.incident_view")
def incident_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the list. Withdrawn incidents are on it only if the address asks for them."""
    selection, reader = selection_of(request, SPEC), reader_of(request)
    rows = queries.with_rows(current_incidents(selection, reader))
    shown = listing(request, SPEC, rows, selection=selection)
    queries.show_links(request.user, shown.page.rows)
    context = {
        "listing": shown,
        "page": shown.page,
        **saved.page_context(INCIDENT_LIST, request.user, selection),
        "selects": SELECTS.items(),
        **kept_filters(shown, *SELECTS),
        "exports": export_addresses(reverse("incidents:incident_export"), selection),
        "may_add": may(request.user, "incidents.incident_add"),
    }
    return respond(request, "incidents/incident_list.html", "log", context)


@require_safe
@view_needs("incidents.incident_view")
def incident_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all incidents of the filtered list, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, INCIDENT_EXPORT, current_incidents)


@require_safe
@view_needs("incidents.incident_view")
def mine(request: SignedInRequest) -> HttpResponse:
    """Show what waits for the reader, as their start page loads it: incidents they handle, their reviews."""
    return respond(request, "incidents/mine.html", "rows", {"incidents": elsewhere.mine(request.user)})
