"""The pages of snapshots: the list, and one snapshot."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from kit.rights import view_needs
from pages.answers import respond
from pages.listing import listing
from people.permissions import SignedInRequest
from signals.filters.dashboard import SNAPSHOTS
from signals.queries import snapshot as queries


@require_safe
@view_needs("signals.view")
def snapshot_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, SNAPSHOTS, queries.snapshots(request.user))
    rows = queries.with_pins(request.user, shown.page.rows)
    context = {"listing": shown, "page": shown.page, "snapshots": rows}
    return respond(request, "signals/snapshot_list.html", "rows", context)


@require_safe
@view_needs("signals.view")
def snapshot_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a snapshot: what it shows never changes, but each reader sees only the series they may see."""
    snapshot = get_object_or_404(queries.snapshots(request.user), pk=pk)
    queries.with_pins(request.user, [snapshot])
    context = {"snapshot": snapshot, "pictures": queries.pictures_of(request.user, snapshot)}
    return respond(request, "signals/snapshot_detail.html", None, context)
