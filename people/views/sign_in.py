"""Sign-in, sign-out, the first set-up, and the link with which a person sets a password."""

import secrets

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import OPEN, view_needs
from people import forms, queries
from people.models import User
from people.operations import organisation, person
from people.operations import sign_in as tries

_DEVICE, _DEVICE_SALT, _A_YEAR = "device", "people.device", 365 * 86400
_BACKEND = "people.authentication.PasswordBackend"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return HttpResponseRedirect(onward_from(request))
    form = forms.SignIn(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                user = _checked(request, form.cleaned_data["email"], form.cleaned_data["password"])
            except tries.TooManyTries as refusal:
                form.add_error(None, refusal.message)
                status = 429
            else:
                if user is not None:
                    return _let_in(request, user)
                form.add_error(None, "Email or password is wrong.")
    context = {"form": form, "next": _next(request), "is_set_up": queries.organisation() is not None}
    answer = render(request, "people/sign_in.html", context, status=status)
    if status == 429:
        answer["Retry-After"] = str(tries.TooManyTries.wait * 60)
    return answer


@require_POST
@view_needs(OPEN)
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect(reverse("people:sign_in"), status=303)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def set_up(request: HttpRequest, secret: str) -> HttpResponse:
    if queries.organisation() is not None:
        return HttpResponseRedirect(reverse("people:sign_in"))
    form = forms.SetUp(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = organisation.set_up(secret, **form.cleaned_data, at=clock.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _let_in(request, user)
    status = 422 if request.method == "POST" else 200
    return render(request, "people/set_up.html", {"form": form}, status=status)


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def password_link(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """Set a password with the link of an administrator. Opening the link does not use it up."""
    user = User.objects.select_related("subject").filter(pk=pk, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, token):
        return render(request, "people/password_link.html", {"form": None, "person": None}, status=404)
    form = forms.NewPassword(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person.set_password(user, form.cleaned_data["password"], by=Actor(user, "page"), at=clock.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _let_in(request, user)
    status = 422 if request.method == "POST" else 200
    return render(request, "people/password_link.html", {"form": form, "person": user}, status=status)


def link_for(user: User) -> str:
    """Return the address at which a person sets a password. It works once, for three days."""
    path = reverse("people:password_link", args=[user.pk, default_token_generator.make_token(user)])
    return settings.BASE_URL + path


def network(request: HttpRequest) -> str:
    """Return the network of the client. Behind a proxy it is the last entry of X-Forwarded-For.

    The proxy writes the last entry. The entries before it come from the client and can be forged.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        address = request.headers.get("X-Forwarded-For", address).rsplit(",", 1)[-1].strip()
    return tries.network_of(address)


def _checked(request: HttpRequest, email: str, password: str) -> User | None:
    """Return the person if email and password match. Raises TooManyTries before it checks the password."""
    at = clock.now()
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    device, known = _device(request)
    counted = tries.count_try(
        email,
        network=network(request),
        device=device if user is not None and user.pk in known else "",
        browser=_browser(request),
        at=at,
    )
    found = authenticate(request, username=email, password=password)
    if not isinstance(found, User):
        return None
    tries.give_back(counted, at=at)
    return found


def _let_in(request: HttpRequest, user: User) -> HttpResponse:
    onward = _welcome(request) if _is_first(user) else onward_from(request)
    login(request, user, backend=_BACKEND)
    tries.succeed(user, network=network(request), by=Actor(user, "page"), at=clock.now())
    answer = HttpResponseRedirect(onward, status=303)
    device, known = _device(request)
    known = [user.pk, *(pk for pk in known if pk != user.pk)][:5]
    answer.set_signed_cookie(
        _DEVICE,
        f"{device}:{','.join(map(str, known))}",
        salt=_DEVICE_SALT,
        max_age=_A_YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _is_first(user: User) -> bool:
    """Return whether a person of a real register signs in for the first time. A sample has no new people."""
    organisation = queries.organisation()
    return user.last_login is None and organisation is not None and not organisation.is_sample


def _welcome(request: HttpRequest) -> str:
    return f"{reverse('people:welcome')}?{urlencode({'next': onward_from(request)})}"


def _device(request: HttpRequest) -> tuple[str, list[int]]:
    """Return the id of this browser and who signed in with it, from a signed cookie; else a new id."""
    told = request.get_signed_cookie(_DEVICE, default="", salt=_DEVICE_SALT, max_age=_A_YEAR) or ""
    device, _, known = told.partition(":")
    return device or secrets.token_hex(8), [int(pk) for pk in known.split(",") if pk.isdigit()]


def _browser(request: HttpRequest) -> str:
    """Return the id of a browser that did not sign in yet: the secret of its CSRF cookie, "" without one.

    Only the attempts of one browser have it in common. It proves nothing: anybody can get a new one.
    """
    return f"browser:{cookie}" if (cookie := request.META.get("CSRF_COOKIE", "")) else ""


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else ""


def onward_from(request: HttpRequest) -> str:
    """Return the address to go to after the sign-in: the one of ?next=, if it is ours."""
    try:
        return _next(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
    except NoReverseMatch:
        return reverse("people:account")
