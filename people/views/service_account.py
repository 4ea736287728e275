"""The pages of service accounts: the list, one with its tokens, and the steps of administrators."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history import queries as history
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond
from pages.flows import form_page
from pages.listing import listing, selection_of
from pages.once import once
from pages.requests import actor
from people import forms, queries
from people.filters import SERVICE_ACCOUNTS
from people.forms.service_account import ServiceAccountForm
from people.models import ServiceAccount
from people.operations import service_account as operations
from people.operations import token as tokens
from people.permissions import SignedInRequest
from people.queries.service_account import service_accounts

CHANGE = "people.administrate"
_STEPS = {
    "deactivate": (operations.deactivate, "Service account deactivated. Its tokens are revoked."),
    "reactivate": (operations.reactivate, "Service account reactivated. Create a new token for it."),
}


def address_of(account: ServiceAccount) -> str:
    return reverse("people:service_account_detail", args=[account.pk])


@require_safe
@view_needs("people.person_view")
def service_account_list(request: SignedInRequest) -> HttpResponse:
    """Service accounts by name: the active ones, unless the query asks for others."""
    selection = selection_of(request, SERVICE_ACCOUNTS)
    rows = service_accounts()
    if "is_active" not in selection.values:
        rows = rows.filter(is_active=True)
    shown = listing(request, SERVICE_ACCOUNTS, rows, selection=selection)
    context = {"listing": shown, "page": shown.page, "may_add": may(request.user, CHANGE)}
    return respond(request, "people/service_account_list.html", "rows", context)


@never_cache
@require_safe
@view_needs("people.person_view")
def service_account_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _page(request, _account(pk))


@require_http_methods(["GET", "POST"])
@view_needs(CHANGE)
def service_account_create(request: SignedInRequest) -> HttpResponse:
    back = reverse("people:service_account_list")
    texts = {"title": "Add a service account", "button": "Add service account", "back": back}
    return flows.create(
        request,
        ServiceAccountForm(request.POST or None),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "people/form.html", **texts),
        message="Service account added. Create a token for it.",
    )


@require_http_methods(["GET", "POST"])
@view_needs(CHANGE)
def service_account_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    account = _account(pk)
    initial = {name: getattr(account, name) for name in ServiceAccountForm.base_fields}
    return flows.edit(
        request,
        account,
        ServiceAccountForm(request.POST or None, initial=initial),
        permission=CHANGE,
        operation=operations.change,
        address=address_of(account),
        show=form_page(request, "people/service_account_edit.html", account=account),
    )


@never_cache
@require_POST
@view_needs(CHANGE)
def service_account_token(request: SignedInRequest, pk: int) -> HttpResponse:
    """Create a token of a service account. Only this answer shows its text."""
    account, form = _account(pk), forms.NewToken(request.POST)
    if not form.is_valid():
        return _page(request, account, 422, token_form=form)
    made: list[str] = []

    def act() -> str:
        made.append(tokens.issue(account, **form.values(), by=actor(request), at=clock.now())[1])
        return address_of(account)

    try:
        url = once(request, act)
    except Refused as refusal:
        return _page(request, account, form.refuse(refusal), token_form=form)
    return _page(request, account, new_token=made[0]) if made else go(request, url)


@require_POST
@view_needs(CHANGE)
def service_account_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Deactivate or reactivate a service account."""
    account = _account(pk)
    operation, message = _STEPS[step]
    return flows.press(
        request,
        account,
        permission=CHANGE,
        operation=operation,
        address=address_of(account),
        message=message,
    )


def _account(pk: int) -> ServiceAccount:
    return get_object_or_404(service_accounts(), pk=pk)


def _page(request: SignedInRequest, account: ServiceAccount, status: int = 200, **given: Any) -> HttpResponse:
    at, context = clock.now(), {"account": account, "tokens": (), "new_token": "", "token_form": None}
    context["timeline"] = list(history.timeline(account.subject_id).visible_to(request.user)[:50])
    context["may_change"] = may(request.user, CHANGE)
    if context["may_change"]:
        rows = queries.tokens_of(account)[:50]
        context["tokens"] = [(token, token.state(at)) for token in rows]
        context["token_form"] = forms.NewToken()
    return render(request, "people/service_account_detail.html", context | given, status=status)
