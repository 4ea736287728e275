"""Invitations: the list and the steps of administrators, the page of the invited, and the sign-up."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import OPEN, view_needs
from lists.counting import capped_count
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.listing import listing
from people import queries
from people.authentication.browser import network
from people.filters import INVITATIONS
from people.forms import access
from people.models import Invitation
from people.operations import invitation as operations
from people.permissions import SignedInRequest
from people.queries import links
from people.views.sign_in import let_in, refused

_LIST = "people:invitation_list"


@never_cache
@require_safe
@view_needs("people.invitation_view")
def invitation_list(request: SignedInRequest) -> HttpResponse:
    """The invitations, newest first."""
    shown = listing(request, INVITATIONS, queries.invitations(request.user))
    count, is_capped = capped_count(shown.rows)
    at = clock.now()
    context = {
        "listing": shown,
        "page": shown.page,
        "rows": [(row, row.state(at)) for row in shown.page.rows],
        "counted": f"{count}{'+' if is_capped else ''} invitation{'' if count == 1 else 's'}",
        "is_mail_kept": settings.IS_MAIL_KEPT,
    }
    return respond(request, "people/invitation_list.html", "rows", context)


@require_http_methods(["GET", "POST"])
@view_needs("people.administrate")
def invitation_create(request: SignedInRequest) -> HttpResponse:
    """Invite several people at once."""
    texts = {"title": "Invite people", "button": "Send invitations", "back": reverse(_LIST)}
    return flows.create(
        request,
        access.Invite(request.POST or None),
        operation=operations.invite,
        address=lambda made: reverse(_LIST),
        show=form_page(request, "people/form.html", **texts),
        message=lambda made: f"{len(made)} invitation{'' if len(made) == 1 else 's'} sent",
    )


@require_POST
@view_needs("people.administrate")
def invitation_resend(request: SignedInRequest, pk: int) -> HttpResponse:
    return _press(request, pk, operations.resend, "Invitation sent again. The earlier link no longer works.")


@require_POST
@view_needs("people.administrate")
def invitation_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    return _press(request, pk, operations.withdraw, "Invitation withdrawn")


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def invited(request: HttpRequest, secret: str) -> HttpResponse:
    """Accept an invitation: name and password. Opening the link does not use it up."""
    found = links.invited(secret, at=clock.now())
    if found is None:
        return render(request, "people/invited.html", {"form": None}, status=404)
    form = access.Accept(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("name", "password")}
        try:
            user = operations.accept(found, **values, at=clock.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return let_in(request, user)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "invitation": found, "providers": settings.OIDC_PROVIDERS.values()}
    return render(request, "people/invited.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask for an invitation oneself. There is no such page unless RISKHUB_SIGN_UP names mail domains."""
    if not settings.SIGN_UP_DOMAINS:
        raise Http404
    form = access.Email(request.POST or None)
    context = {"domains": settings.SIGN_UP_DOMAINS}
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            operations.ask_for_one(email, network=network(request), at=clock.now())
        except Refused as refusal:
            return refused(request, "people/sign_up.html", form, refusal, **context)
        return render(request, "people/sign_up.html", {**context, "form": None, "email": email})
    status = 422 if request.method == "POST" else 200
    return render(request, "people/sign_up.html", {**context, "form": form}, status=status)


def _press(
    request: SignedInRequest, pk: int, operation: Callable[..., Invitation], message: str
) -> HttpResponse:
    return flows.press(
        request,
        get_object_or_404(queries.invitations(request.user), pk=pk),
        permission="people.administrate",
        operation=operation,
        address=reverse(_LIST),
        message=message,
    )
