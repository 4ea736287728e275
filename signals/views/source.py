"""The pages of sources: the list, a source with its deliveries and configuration, create and edit."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.listing import listing
from pages.requests import page_of
from people.permissions import SignedInRequest
from signals.filters.source import SOURCES
from signals.forms.source import NewSourceForm, SourceForm
from signals.models import Source
from signals.operations import source as operations
from signals.queries import configuration
from signals.queries import source as queries


@require_safe
@view_needs("signals.view")
def source_list(request: SignedInRequest) -> HttpResponse:
    at = clock.now()
    rows = queries.with_troubles(queries.sources(), at=at).visible_to(request.user)
    shown = listing(request, SOURCES, rows)
    for source in shown.page.rows:
        source.silent_for = queries.silent_for(source, at=at)
    context = {
        "listing": shown,
        "page": shown.page,
        "call": configuration.points_call() if not shown.page.rows else "",
        "may_add": may(request.user, "signals.source_change"),
    }
    return respond(request, "signals/source_list.html", "rows", context)


def address_of(source: Source) -> str:
    return reverse("signals:source_detail", args=[source.pk])


def visible_source(request: SignedInRequest, pk: int) -> Source:
    """Return the source with this number. Raises Http404 if the reader may not see it."""
    return get_object_or_404(queries.sources().visible_to(request.user), pk=pk)


@require_safe
@view_needs("signals.view")
def source_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a source: its deliveries with their results, and the configuration for the tool."""
    source = visible_source(request, pk)
    sees_deliveries = may(request.user, "signals.delivery_view", source)
    context = {
        "source": source,
        "silent_for": queries.silent_for(source, at=clock.now()),
        "configuration": configuration.of(source),
        "severities": queries.severities_of(source),
        "series_count": queries.series_count(request.user, source),
        "page": page_of(queries.deliveries_of(source), ("-at", "-id"), request) if sees_deliveries else None,
        "may_change": may(request.user, "signals.source_change", source),
    }
    return respond(request, "signals/source_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("signals.source_change")
def source_create(request: SignedInRequest) -> HttpResponse:
    """Create a source before its first payload, to get its URL and set its owner."""
    return flows.create(
        request,
        NewSourceForm(request.POST or None, user=request.user, initial={"owner": request.user.pk}),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "signals/source_create.html"),
        message="Source added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("signals.source_change")
def source_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    source = visible_source(request, pk)
    return flows.edit(
        request,
        source,
        SourceForm.of(source, request.POST or None, user=request.user),
        permission="signals.source_change",
        operation=operations.change,
        address=address_of(source),
        show=form_page(request, "signals/source_edit.html", source=source),
    )
