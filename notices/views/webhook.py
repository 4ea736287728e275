"""The pages of webhooks, for administrators: the list, one with its deliveries, create, edit, its secret."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history import queries as history
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from notices.filters import DELIVERIES, WEBHOOKS
from notices.forms import WebhookForm
from notices.models import WebhookDelivery, WebhookEndpoint
from notices.operations import delivery as deliveries
from notices.operations import endpoint as operations
from notices.queries import webhook as queries
from notices.states import DeliveryState
from pages import flows
from pages.answers import go, respond, toast
from pages.flows import form_page
from pages.listing import listing
from pages.once import once
from pages.requests import actor, version_of
from people.permissions import SignedInRequest

CHANGE = "notices.webhook_change"


@require_safe
@view_needs("notices.webhook_view")
def webhook_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, WEBHOOKS, queries.endpoints(request.user))
    at = clock.now()
    context = {
        "page": shown.page,
        "rows": [(row, queries.is_broken(row, at)) for row in shown.page.rows],
        "may_add": may(request.user, CHANGE),
    }
    return respond(request, "notices/webhook_list.html", None, context)


@require_safe
@view_needs("notices.webhook_view")
def webhook_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _page(request, _endpoint(request, pk))


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs(CHANGE)
def webhook_create(request: SignedInRequest) -> HttpResponse:
    """Add a webhook. Only this answer shows its secret."""
    form = WebhookForm(request.POST or None, is_new=True, initial={"owner": request.user.pk})
    show = form_page(request, "notices/webhook_create.html")
    if request.method != "POST":
        return show(form, 200)
    if not form.is_valid():
        return show(form, 422)
    made: list[WebhookEndpoint] = []

    def act() -> str:
        made.append(operations.add(**form.values(), by=actor(request), at=clock.now()))
        return _address(made[0])

    try:
        url = once(request, act)
    except Refused as refusal:
        return show(form, form.refuse(refusal))
    if not made:  # a second press of the button
        return go(request, url)
    return _page(request, _endpoint(request, made[0].pk), secret=made[0].secret)


@require_http_methods(["GET", "POST"])
@view_needs(CHANGE)
def webhook_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    return flows.edit(
        request,
        endpoint,
        WebhookForm.of(endpoint, request.POST or None),
        permission=CHANGE,
        operation=operations.change,
        address=_address(endpoint),
        show=form_page(request, "notices/webhook_edit.html", endpoint=endpoint),
    )


@never_cache
@require_POST
@view_needs(CHANGE)
def webhook_secret(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a webhook a new secret, which only this answer shows."""
    endpoint = _endpoint(request, pk)
    seen = version_of(request)
    if not seen:
        return toast(request, go(request, _address(endpoint)), flows.WITHOUT_VERSION)
    try:
        operations.renew_secret(endpoint, by=actor(request), at=clock.now(), seen=seen)
    except Refused as refusal:
        return toast(request, go(request, _address(endpoint)), refusal.message)
    return _page(request, _endpoint(request, pk), secret=endpoint.secret)


@require_POST
@view_needs(CHANGE)
def webhook_test(request: SignedInRequest, pk: int) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    back = go(request, _address(endpoint))
    try:
        deliveries.send_test(endpoint, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, back, refusal.message)
    return toast(request, back, "The test is sent in a moment. Reload the page to see the answer.")


@require_POST
@view_needs(CHANGE)
def webhook_replay(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send one delivery again, or with `all` every failed one."""
    endpoint = _endpoint(request, pk)
    rows = WebhookDelivery.objects.filter(endpoint=endpoint)
    if "all" in request.POST:
        chosen = rows.filter(state=DeliveryState.DEAD)
    else:
        chosen = rows.filter(pk=_id(request.POST.get("delivery", "")))
    back = go(request, _address(endpoint))
    try:
        count = deliveries.replay(chosen, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, back, refusal.message)
    return toast(request, back, "It is sent again in a moment" if count == 1 else f"{count} are sent again")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _address(endpoint: WebhookEndpoint) -> str:
    return reverse("notices:webhook_detail", args=[endpoint.pk])


def _endpoint(request: SignedInRequest, pk: int) -> WebhookEndpoint:
    return get_object_or_404(queries.endpoints(request.user), pk=pk)


def _page(request: SignedInRequest, endpoint: WebhookEndpoint, secret: str = "") -> HttpResponse:
    shown = listing(request, DELIVERIES, queries.deliveries(endpoint))
    visible = queries.visible_subjects(shown.page.rows, request.user)
    context = {
        "endpoint": endpoint,
        "is_broken": queries.is_broken(endpoint, clock.now()),
        "secret": secret,
        "page": shown.page,
        "show": shown.selection.texts.get("show", "all"),
        "rows": [(row, row.subject_id in visible) for row in shown.page.rows],
        "may_change": may(request.user, CHANGE, endpoint),
        "timeline": list(history.timeline(endpoint.subject_id).visible_to(request.user)[:20]),
    }
    return render(request, "notices/webhook_detail.html", context)
