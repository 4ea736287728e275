"""The second step of a sign-in: a code or a passkey; and the sign-in by a passkey alone."""

from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from allauth.account.stages import LoginStage, LoginStageController
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import OPEN, view_needs
from people.authentication import browser, fresh, passkeys, sessions
from people.authentication.browser import network, onward_from
from people.authentication.stages import SecondStep
from people.forms import access
from people.models import User
from people.operations import second_factor
from people.operations import sign_in as tries
from people.queries import factors
from people.views.sign_in import refused

_PAGE = "people/code.html"
_PASSKEYS_OF_NETWORK = 30
_WRONG_PASSKEY = "This passkey did not work here. Try again, or sign in with your password."


@never_cache
@sensitive_post_parameters("code", "credential")
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor of a person who gave the right password."""
    stage = LoginStageController.enter(request, AuthenticateStage.key)
    if stage is None or stage.login.user is None:
        return HttpResponseRedirect(reverse("people:sign_in"), status=303)
    if not isinstance(stage, SecondStep) or not stage.is_good():
        clear_login(request)
        return HttpResponseRedirect(reverse("people:sign_in"), status=303)
    user: User = stage.login.user
    form = access.Code(request.POST if "code" in request.POST else None)
    has_passkey = any(one.type == Authenticator.Type.WEBAUTHN for one in factors.of(user))
    if request.method != "POST":
        return _page(request, form, 200, user, has_passkey)
    try:
        found = _checked(request, user, form)
    except Refused as refusal:
        return refused(request, _PAGE, form, refusal, **_context(user, has_passkey))
    if found is None:
        return _page(request, form, 422, user, has_passkey)
    return _passed(request, stage, user, found)


@never_cache
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def passkey(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey alone. GET gives the browser its question, when the button is pressed."""
    if request.method == "GET":
        sessions.expire_soon(request)
        return HttpResponse(passkeys.request_options(), content_type="application/json")
    at, form = clock.now(), access.UsedPasskey(request.POST)
    budget = {tries.key_of("passkey_from", network(request)): _PASSKEYS_OF_NETWORK}
    try:
        counted = tries.count_act(budget, message="Too many tries. Wait 15 minutes.", at=at)
        found = passkeys.used(form.cleaned_data["credential"]) if form.is_valid() else None
        if found is None:
            raise Refused(_WRONG_PASSKEY)
    except Refused as refusal:
        return refused(request, "people/passkey.html", form, refusal)
    tries.give_back(counted, at=at)
    user: User = found.user
    fresh.note(request, user, "mfa", id=found.pk, type=found.type, passwordless=True)
    return perform_login(request, Login(user=user, email=user.email, redirect_url=onward_from(request)))


def _checked(request: HttpRequest, user: User, form: access.Code) -> Authenticator | None:
    """Return the factor that was shown, None with an error on the form. Raises TooManyTries, Refused."""
    at = clock.now()
    counted = tries.count_try(
        f"code {user.email}",
        network=network(request),
        device=browser.device_of(request, user),
        browser=browser.csrf_id(request),
        at=at,
    )
    if "credential" in request.POST:
        found = passkeys.used(request.POST["credential"][:20_000], user)
        if found is None:
            raise Refused("This passkey did not work. Try again, or enter a code.")
    elif not form.is_valid():
        return None
    else:
        by, typed = Actor(user, "page"), form.cleaned_data["code"]
        found = second_factor.use_code(user, typed, now=clock.of_computer(), by=by, at=at)
        if found is None:
            form.add_error("code", "This code is wrong or was used already. Wait for the next one.")
            return None
    tries.give_back(counted, at=at)
    return found


def _passed(request: HttpRequest, stage: LoginStage, user: User, found: Authenticator) -> HttpResponse:
    fresh.note(request, user, "mfa", id=found.pk, type=found.type)
    return stage.exit()


def _context(user: User, has_passkey: bool) -> dict[str, Any]:
    options = passkeys.request_options(user) if has_passkey else ""
    return {"person": user, "has_passkey": has_passkey, "options": options}


def _page(
    request: HttpRequest, form: access.Code, status: int, user: User, has_passkey: bool
) -> HttpResponse:
    return render(request, _PAGE, {**_context(user, has_passkey), "form": form}, status=status)
