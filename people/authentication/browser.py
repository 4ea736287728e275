"""What a request says about its browser: its network, its device cookie, and where it wanted to go."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from people.models import User
from people.operations import sign_in as tries

_DEVICE, _SALT, _A_YEAR = "device", "people.device", 365 * 86400


def address(request: HttpRequest) -> str:
    """Return the address of the client. Behind a proxy it is the last entry of X-Forwarded-For.

    The proxy writes the last entry. The entries before it come from the client and can be forged.
    """
    found = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        found = request.headers.get("X-Forwarded-For", found).rsplit(",", 1)[-1].strip()
    return found


def network(request: HttpRequest) -> str:
    """Return the network of the client."""
    return tries.network_of(address(request))


def device(request: HttpRequest) -> tuple[str, list[int]]:
    """Return the id of this browser and who signed in with it, from a signed cookie; else a new id."""
    told = request.get_signed_cookie(_DEVICE, default="", salt=_SALT, max_age=_A_YEAR) or ""
    found, _, known = told.partition(":")
    return found or secrets.token_hex(8), [int(pk) for pk in known.split(",") if pk.isdigit()]


def device_of(request: HttpRequest, user: User | None) -> str:
    """Return the id of this browser if this person signed in with it before, else ""."""
    found, known = device(request)
    return found if user is not None and user.pk in known else ""


def remember(answer: HttpResponse, request: HttpRequest, user: User) -> None:
    """Let the device cookie say that this person signed in with this browser."""
    found, known = device(request)
    known = [user.pk, *(pk for pk in known if pk != user.pk)][:5]
    answer.set_signed_cookie(
        _DEVICE,
        f"{found}:{','.join(map(str, known))}",
        salt=_SALT,
        max_age=_A_YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def csrf_id(request: HttpRequest) -> str:
    """Return the id of a browser that did not sign in yet: the secret of its CSRF cookie, "" without one.

    Only the attempts of one browser have it in common. It proves nothing: anybody can get a new one.
    """
    return f"browser:{cookie}" if (cookie := request.META.get("CSRF_COOKIE", "")) else ""


def next_of(request: HttpRequest) -> str:
    """Return the address of ?next= if it is ours, else ""."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else ""


def onward_from(request: HttpRequest) -> str:
    """Return the address to go to after the sign-in: the one of ?next=, if it is ours."""
    try:
        return next_of(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
    except NoReverseMatch:
        return reverse("people:account")
