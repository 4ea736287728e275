"""The pages of saved views: their list, saving, changing, deleting and opening one."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from lists import registry
from lists.registry import NamedList
from pages import flows
from pages.answers import go, respond, toast
from pages.flows import Show
from pages.forms import PageForm
from pages.listing import listing, reader_of
from pages.requests import actor
from people.permissions import SignedInRequest
from saved import operations, queries
from saved.filters import SPEC
from saved.forms import NewSavedViewForm, SavedViewForm, SubscriptionForm
from saved.models import SavedView
from saved.states import Pace, ViewState


def _view(request: HttpRequest, pk: int) -> SavedView:
    return get_object_or_404(queries.for_page(request.user), pk=pk)


def _list(request: HttpRequest, name: str) -> NamedList:
    """Return the list of this name. Raises Http404 for an unknown one, PermissionDenied without its right."""
    listed = registry.find(name)
    if listed is None:
        raise Http404
    require(request.user, listed.permission)
    return listed


@require_safe
@view_needs("saved.view_view")
def view_list(request: SignedInRequest) -> HttpResponse:
    """Show the reader's views and those that others share."""
    rows = queries.for_page(request.user).filter(state=ViewState.ACTIVE)
    shown = listing(request, SPEC, rows)
    views = [
        (view, queries.summary(view), may(request.user, "saved.view_change", view))
        for view in shown.page.rows
    ]
    context = {"listing": shown, "page": shown.page, "views": views}
    return respond(request, "saved/view_list.html", "rows", context)


@require_safe
@view_needs("saved.view_view")
def view_open(request: SignedInRequest, pk: int) -> HttpResponse:
    """Lead to the list with the filters of a view. A deleted view says so, and still offers its filters."""
    view = _view(request, pk)
    if view.of_list is None:
        raise Http404
    if not view.is_deleted:
        return go(request, view.address)
    context = {
        "view": view,
        "by": queries.deleted_by(view),
        "labels": queries.labels(view.of_list, view.query, request.user),
        "save_url": queries.new_address(view.of_list, view.of_list.read(view.query)),
        "may_restore": may(request.user, "saved.view_change", view),
    }
    return respond(request, "saved/view_deleted.html", None, context, status=410)


@require_safe
@view_needs("saved.view_view")
def view_counts(request: SignedInRequest, name: str) -> HttpResponse:
    """Send the number of rows of each view of a list, each for its place in the tabs or the menu."""
    listed = _list(request, name)
    counts = queries.counts(listed, request.user, reader_of(request))
    shown = [(key, f"{number:,}{'+' if is_capped else ''}") for key, (number, is_capped) in counts.items()]
    return respond(request, "saved/_counts.html", None, {"counts": shown})


@require_http_methods(["GET", "POST"])
@view_needs("saved.view_add")
def view_new(request: SignedInRequest) -> HttpResponse:
    """Save the filters and the order of a list: ?list= and ?query= of the list's page."""
    listed = _list(request, (request.POST or request.GET).get("list", ""))
    asked = {"list": listed.name, "query": request.GET.get("query", "")}
    share = may(request.user, "saved.view_share")
    form = NewSavedViewForm(request.POST or None, initial=asked, may_share=share)
    replaceable = queries.of_list(listed.name, request.user).filter(owner=request.user)
    address = urlencode({"query": asked["query"]})
    links = [(view.name, f"{reverse('saved:view_edit', args=[view.pk])}?{address}") for view in replaceable]
    return flows.create(
        request,
        form,
        operation=operations.add,
        address=lambda view: view.address,
        show=_form_page(request, "saved/view_new.html", listed, replaceable=links),
        message="View saved",
    )


@require_http_methods(["GET", "POST"])
@view_needs("saved.view_change")
def view_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Rename, share or replace a view. ?query= proposes other filters than those that it has."""
    view = _view(request, pk)
    form = SavedViewForm.of(
        view,
        request.POST or None,
        query=request.GET.get("query"),
        may_share=may(request.user, "saved.view_share"),
    )
    return flows.edit(
        request,
        view,
        form,
        permission="saved.view_change",
        operation=operations.change,
        address=reverse("saved:view_open", args=[view.pk]),
        show=_form_page(request, "saved/view_edit.html", view.of_list, view=view),
        message="View saved",
    )


STEPS: dict[str, tuple[Any, str, str]] = {
    "delete": (operations.delete, "View deleted", "restore"),
    "restore": (operations.restore, "View restored", ""),
}


@require_POST
@view_needs("saved.view_change")
def view_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Delete a view, or take that back. The reader stays on the list with the same filters."""
    view = _view(request, int(pk))
    operation, message, undo = STEPS[step]
    return flows.press(
        request,
        view,
        permission="saved.view_change",
        operation=operation,
        address=view.address or reverse("saved:view_list"),
        message=f"{message}: {view.name}",
        undo=reverse("saved:view_step", args=[pk, undo]) if undo else "",
    )


@require_http_methods(["GET", "POST"])
@view_needs("saved.view_subscribe")
def view_subscribe(request: SignedInRequest, pk: int) -> HttpResponse:
    """Choose when to be told of changes to what a view shows, after how often that would have been."""
    view = _view(request, pk)
    pace = queries.pace_of(view, request.user)
    form = SubscriptionForm(request.POST or None, initial={"pace": pace or Pace.NOW})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _subscribed(request, view, form.cleaned_data["pace"])
            except Refused as refusal:
                status = form.refuse(refusal)
    context = {
        "view": view,
        "form": form,
        "estimate": queries.estimate(view, reader_of(request)),
        "pace": pace,
    }
    return respond(request, "saved/view_subscribe.html", "form", context, status=status)


def _subscribed(request: SignedInRequest, view: SavedView, pace: str) -> HttpResponse:
    back = go(request, view.address or reverse("saved:view_list"))
    if pace == "off":
        operations.unsubscribe(view, by=actor(request), at=clock.now())
        return toast(request, back, f"You are no longer told of {view.name}.")
    operations.subscribe(view, pace=Pace(pace), by=actor(request), at=clock.now())
    return toast(request, back, f"You are told of changes in {view.name}.")


def _form_page(request: HttpRequest, template: str, listed: NamedList | None, **context: Any) -> Show:
    """Return `show` for a form of a view, with what its query filters by. A bad query raises BadRequest."""

    def show(form: PageForm, status: int) -> HttpResponse:
        query = str(form["query"].value() or "")
        if status == 200 and listed is not None:
            try:
                operations.checked_query(listed.name, query)
            except Refused as refusal:
                raise BadRequest(refusal.message) from None
        labels = queries.labels(listed, query, request.user)
        shown = {**context, "listed": listed, "form": form, "labels": labels}
        return respond(request, template, "form", shown, status=status)

    return show
