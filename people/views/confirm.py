"""Confirm that it is you: asked before somebody changes how they sign in."""

from allauth.mfa.models import Authenticator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.refusals import Refused
from kit.rights import view_needs
from pages.forms import PageForm
from pages.requests import actor
from people.authentication import browser, fresh, passkeys
from people.authentication.browser import network, onward_from
from people.forms import access
from people.models import User
from people.operations import second_factor
from people.operations import sign_in as tries
from people.operations.sign_in import TooManyTries
from people.permissions import SignedInRequest
from people.queries import factors

_METHODS = {"password": "password", "code": "mfa", "credential": "mfa"}


@never_cache
@sensitive_post_parameters("password", "code", "credential")
@require_http_methods(["GET", "POST"])
@view_needs("people.account")
def confirm(request: SignedInRequest) -> HttpResponse:
    """Take a code or a passkey, or the password of a person without a second factor, and lead on."""
    user = User.objects.select_related("subject").get(pk=request.user.pk)
    way = next((way for way in _METHODS if way in request.POST), "")
    forms: dict[str, PageForm] = {
        "password": access.Confirm(request.POST if way == "password" else None, auto_id="id_p_%s"),
        "code": access.Code(request.POST if way == "code" else None),
        "credential": access.UsedPasskey(request.POST if way == "credential" else None),
    }
    status = 200
    if request.method == "POST":
        form = forms.get(way, forms["password"])
        status = 422
        try:
            if form.is_valid() and _is_right(request, user, way, form.cleaned_data[way]):
                fresh.note(request, user, _METHODS[way], reauthenticated=True)
                return HttpResponseRedirect(onward_from(request), status=303)
            if form.is_valid():
                raise Refused("This is wrong. Try again.", field=way)
        except Refused as refusal:
            status = 429 if isinstance(refusal, TooManyTries) else form.refuse(refusal)
            if status == 429:
                form.refuse(refusal)
    return _page(request, user, forms, status)


def _is_right(request: SignedInRequest, user: User, way: str, given: str) -> bool:
    """Return whether this proves their identity.

    Raises TooManyTries, as on the page of the sign-in, and Refused for a password where a factor is needed.
    """
    if way == "password" and factors.has_one(user):
        raise Refused("You have a second factor. Confirm with it.", field="password")
    at = clock.now()
    account = user.email if way == "password" else f"code {user.email}"
    counted = tries.count_try(account, network=network(request), device=f"own:{user.pk}", at=at)
    if way == "password":
        is_right = user.check_password(given)
    elif way == "credential":
        is_right = passkeys.used(given, user) is not None
    else:
        found = second_factor.use_code(user, given, now=clock.of_computer(), by=actor(request), at=at)
        is_right = found is not None
    if is_right:
        tries.give_back(counted, at=at)
    return is_right


def _page(request: SignedInRequest, user: User, forms: dict[str, PageForm], status: int) -> HttpResponse:
    types = {one.type for one in factors.of(user)}
    has_passkey = Authenticator.Type.WEBAUTHN in types
    context = {
        "person": user,
        "password_form": forms["password"] if user.has_usable_password() and not types else None,
        "code_form": forms["code"] if types else None,
        "passkey_form": forms["credential"],
        "options": passkeys.request_options(user) if has_passkey else "",
        "next": browser.next_of(request),
    }
    answer = render(request, "people/confirm.html", context, status=status)
    if status == 429:
        answer["Retry-After"] = str(TooManyTries.wait * 60)
    return answer
