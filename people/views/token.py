"""The page of a token, for its owner and administrators: what it is, what was done with it, its steps."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.models import Event
from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import go, respond, toast
from pages.listing import listing
from pages.requests import actor, version_of
from people import forms, queries
from people.filters import TOKEN_EVENTS
from people.models import Token, User
from people.operations import token as operations
from people.permissions import SignedInRequest


@never_cache
@require_safe
@view_needs("people.token_view")
def token_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _page(request, _token(request, pk))


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs("people.token_revoke")
def token_rename(request: SignedInRequest, pk: int) -> HttpResponse:
    token = _token(request, pk)
    address = reverse("people:token_detail", args=[pk])
    return flows.step(
        request,
        token,
        forms.RenameToken(request.POST or None, initial={"name": token.name}),
        permission="people.token_revoke",
        operation=operations.rename,
        address=address,
        show=flows.form_page(request, "people/rename.html", obj=token, back=address),
        message="Renamed",
    )


@never_cache
@require_POST
@view_needs("people.token_rotate")
def token_rotate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a token a new secret, which only this answer shows."""
    token = _token(request, pk)
    require(request.user, "people.token_rotate", token)
    form, seen = forms.RotateToken(request.POST), version_of(request)
    is_valid = form.is_valid()
    if not seen:
        return _page(request, token, form.refuse_without_version(token), rotate_form=form)
    if not is_valid:
        return _page(request, token, 422, rotate_form=form)
    try:
        text = operations.rotate(token, **form.values(), by=actor(request), at=clock.now(), seen=seen)
    except Refused as refusal:
        return _page(request, _token(request, pk), form.refuse(refusal), rotate_form=form)
    return _page(request, token, secret=text)


@require_POST
@view_needs("people.token_revoke")
def tokens_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """Revoke all tokens of a person: one's own, or as an administrator those of anybody."""
    own = pk == request.user.pk
    owner = get_object_or_404(User.objects.select_related("subject"), pk=pk)
    if not own:
        require(request.user, "people.administrate")
    number = operations.revoke_all(owner, by=actor(request), at=clock.now())
    address = reverse("people:account") if own else reverse("people:person_detail", args=[pk])
    said = "No token was live" if not number else f"{number} token{'s' if number > 1 else ''} revoked"
    return toast(request, go(request, address), said)


def address_of_owner(token: Token, reader: User) -> str:
    """Return the page that has the tokens of the owner, for this reader."""
    if token.user_id == reader.pk:
        return reverse("people:account")
    page = "people:service_account_detail" if token.user.is_service else "people:person_detail"
    return reverse(page, args=[token.user_id])


def _token(request: SignedInRequest, pk: int) -> Token:
    return get_object_or_404(queries.tokens_seen_by(request.user), pk=pk)


def _page(request: SignedInRequest, token: Token, status: int = 200, **given: Any) -> HttpResponse:
    reader, at = request.user, clock.now()
    own = Event.objects.filter(subject=token.subject_id).select_related("subject", "actor")
    shown = listing(request, TOKEN_EVENTS, queries.done_with(token, reader))
    context = {
        "token": token,
        "back_url": address_of_owner(token, reader),
        "state": token.state(at),
        "has_former": token.has_former(at),
        "page": shown.page,
        "listing": shown,
        "timeline": list(own.order_by("-at", "-id")[:20]),
        "may_rotate": may(reader, "people.token_rotate", token) and token.state(at) == "live",
        "rotate_form": forms.RotateToken(),
        "secret": "",
        **given,
    }
    return respond(request, "people/token_detail.html", "rows", context, status=status)
