"""Sign-in and security: the second factors of a person, their recovery codes, and their sessions."""

from base64 import b64encode
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import clear_totp_secret, get_totp_secret
from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import view_needs
from pages.answers import go, toast
from pages.once import once
from pages.requests import actor
from people import queries
from people.authentication import demanded, passkeys
from people.authentication.fresh import ask, is_fresh, needs_fresh, note
from people.forms import access
from people.models import User
from people.operations import provider, second_factor, session
from people.permissions import SignedInRequest
from people.queries import factors, providers, sessions

HERE = "people:security"
_SHOWN_BEFORE = "These recovery codes were shown before. If you did not save them, make new ones."


@never_cache
@require_safe
@view_needs("people.account")
def security(request: SignedInRequest) -> HttpResponse:
    return _page(request)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@view_needs("people.account")
def app_add(request: SignedInRequest) -> HttpResponse:
    """Add an authenticator app. Who has one is told so before they are asked to confirm anything."""
    return _has_app(request) if factors.app_of(_me(request)) is not None else _app_add(request)


@needs_fresh
def _app_add(request: SignedInRequest) -> HttpResponse:
    """Show the secret of a new app as a picture and as text, then take a code of it."""
    user, form = _me(request), access.AppCode(request.POST or None)
    secret = get_totp_secret()
    if request.method == "POST" and form.is_valid():
        code, now = form.cleaned_data["code"], clock.of_computer()
        try:
            codes = second_factor.add_app(user, secret, code, now=now, by=actor(request), at=clock.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            clear_totp_secret(request)
            return _added(request, codes, "Authenticator app added")
    adapter = get_adapter()
    drawn = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    context = {
        "form": form,
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "picture": f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}",
    }
    return render(request, "people/app_add.html", context, status=422 if request.method == "POST" else 200)


@never_cache
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "POST"])
@view_needs("people.account")
@needs_fresh
def passkey_add(request: SignedInRequest) -> HttpResponse:
    """Add a passkey: the browser makes it when the form is sent (static/js/passkeys.js)."""
    user, form = _me(request), access.NewPasskey(request.POST or None)
    if request.method == "POST" and form.is_valid():
        credential = passkeys.created(form.cleaned_data["credential"])
        try:
            if credential is None:
                raise Refused("The browser made no passkey that works here. Try again.")
            name = form.cleaned_data["name"]
            codes = second_factor.add_passkey(user, name, credential, by=actor(request), at=clock.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _added(request, codes, "Passkey added")
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "options": passkeys.creation_options(user)}
    return render(request, "people/passkey_add.html", context, status=status)


@never_cache
@require_POST
@view_needs("people.account")
@needs_fresh
def codes_make(request: SignedInRequest) -> HttpResponse:
    """Make new recovery codes. Only this answer shows them. The same form sent again makes none."""
    made: list[str] = []

    def act() -> str:
        made.extend(second_factor.new_codes(_me(request), by=actor(request), at=clock.now()))
        return reverse(HERE)

    try:
        address = once(request, act)
    except Refused as refusal:
        return _page(request, 422, trouble=refusal.message)
    return _codes(request, made) if made else toast(request, go(request, address), _SHOWN_BEFORE)


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs("people.account")
def passkey_rename(request: SignedInRequest, pk: int) -> HttpResponse:
    user = _me(request)
    passkey = get_object_or_404(factors.passkeys_of(user), pk=pk)
    form = access.RenamePasskey(request.POST or None, initial={"name": factors.name_of(passkey)})
    context = {"form": form, "obj": None, "back": reverse(HERE)}
    if request.method == "POST" and form.is_valid():
        try:
            name = form.cleaned_data["name"]
            second_factor.rename_passkey(user, passkey, name, by=actor(request), at=clock.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return toast(request, go(request, reverse(HERE)), "Renamed")
    return render(request, "people/rename.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@view_needs("people.account")
@needs_fresh
def provider_unlink(request: SignedInRequest, pk: int) -> HttpResponse:
    """End the link with a sign-in provider."""
    user = _me(request)
    link = get_object_or_404(providers.links_of(user), pk=pk)
    try:
        provider.unlink(user, link, by=actor(request), at=clock.now())
    except Refused as refusal:
        return _page(request, 422, trouble=refusal.message)
    return toast(request, go(request, reverse(HERE)), "The link is ended")


@require_POST
@view_needs("people.account")
@needs_fresh
def factor_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    user = _me(request)
    found = get_object_or_404(factors.of(user), pk=pk)
    try:
        second_factor.remove(user, found, by=actor(request), at=clock.now())
    except Refused as refusal:
        return _page(request, 422, trouble=refusal.message)
    demanded.forget(request)
    return toast(request, go(request, reverse(HERE)), f"{factors.name_of(found)} removed")


@require_POST
@view_needs("people.administrate")
def person_factor_remove(request: SignedInRequest, pk: int, factor: int) -> HttpResponse:
    """Remove the lost factor of a person, as an administrator. Their sessions end."""
    user = get_object_or_404(queries.everybody(), pk=pk)
    found = get_object_or_404(factors.of(user), pk=factor)
    if not is_fresh(request):
        return ask(request, reverse("people:person_detail", args=[pk]))
    gone = go(request, reverse("people:person_detail", args=[pk]))
    try:
        second_factor.remove(user, found, by=actor(request), at=clock.now())
    except Refused as refusal:  # their own, and the last one that their role needs
        return toast(request, gone, refusal.message)
    demanded.forget(request)
    if user.pk == request.user.pk:
        return toast(request, gone, f"{factors.name_of(found)} removed")
    return toast(request, gone, f"{factors.name_of(found)} removed. {user.name} is signed out everywhere.")


@require_POST
@view_needs("people.account")
def session_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End one session, also the current one."""
    user = _me(request)
    found = get_object_or_404(sessions.of(user), pk=pk)
    session.end(user, found, by=actor(request), at=clock.now())
    if found.session_key == request.session.session_key:
        logout(request)
        return HttpResponseRedirect(reverse("people:sign_in"), status=303)
    return toast(request, go(request, reverse(HERE)), "Session ended")


@require_POST
@view_needs("people.account")
def sessions_end_others(request: SignedInRequest) -> HttpResponse:
    """End all sessions except the current one."""
    here = request.session.session_key or ""
    number = session.end_others(_me(request), but=here, by=actor(request), at=clock.now())
    return toast(
        request, go(request, reverse(HERE)), f"{number} other session{'' if number == 1 else 's'} ended"
    )


def _me(request: SignedInRequest) -> User:
    return User.objects.select_related("subject").get(pk=request.user.pk)


def _added(request: SignedInRequest, codes: list[str], said: str) -> HttpResponse:
    """Show the recovery codes if these are the first, else the page with what was added.

    Whoever adds a factor shows it, so they need not confirm with it right after.
    """
    note(request, _me(request), "mfa", reauthenticated=True)
    return _codes(request, codes) if codes else toast(request, go(request, reverse(HERE)), said)


def _has_app(request: SignedInRequest) -> HttpResponse:
    """Lead somebody back who has an app: after a second press of the button they did not see the codes."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse(HERE), status=303)
    said = (
        "You have an authenticator app. If you did not see your recovery codes, make new recovery codes here."
        " To use another app, remove this one first."
    )
    return _page(request, 422, trouble=said)


def _codes(request: SignedInRequest, codes: list[str]) -> HttpResponse:
    shown = [f"{code[:4]} {code[4:]}" for code in codes]
    return render(request, "people/recovery_codes.html", {"codes": shown, "text": "\n".join(shown)})


def _page(request: SignedInRequest, status: int = 200, **given: Any) -> HttpResponse:
    user = _me(request)
    found = list(factors.of(user))
    context = {
        "person": user,
        "factors": [(one, factors.name_of(one)) for one in found],
        "has_app": any(one.type == Authenticator.Type.TOTP for one in found),
        "codes_left": factors.codes_left(user) if found else 0,
        "is_demanded": factors.is_demanded(user),
        "advice": demanded.ADVICE if factors.is_demanded(user) and not found else "",
        "links": [(link, providers.name_of(link)) for link in providers.links_of(user)],
        "sessions": sessions.shown(user, request.session.session_key or ""),
        **given,
    }
    return render(request, "people/security.html", context, status=status)
