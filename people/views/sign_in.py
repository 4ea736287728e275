"""Sign-in, sign-out, the first set-up, and the link with which a person sets a password."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import OPEN, view_needs
from pages.forms import PageForm
from people import forms, queries
from people.authentication import browser
from people.authentication.browser import network, onward_from
from people.models import User
from people.operations import organisation, person
from people.operations import sign_in as tries


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
                    return let_in(request, user)
                form.add_error(None, "Email or password is wrong.")
    context = {
        "form": form,
        "next": browser.next_of(request),
        "is_set_up": queries.organisation() is not None,
        "may_sign_up": bool(settings.SIGN_UP_DOMAINS),
        "providers": settings.OIDC_PROVIDERS.values(),
    }
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
            return let_in(request, user)
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
            return let_in(request, user)
    status = 422 if request.method == "POST" else 200
    return render(request, "people/password_link.html", {"form": form, "person": user}, status=status)


def refused(
    request: HttpRequest, template: str, form: PageForm, refusal: Refused, **context: Any
) -> HttpResponse:
    """Return the page with the refusal: 429 if a limit was reached, else 422.

    The page shows `trouble` if what was refused was not sent by the form.
    """
    if form.is_bound:
        status = form.refuse(refusal)
    else:
        status, context["trouble"] = 422, refusal.message
    if isinstance(refusal, tries.TooManyTries):
        status = 429
    answer = render(request, template, {**context, "form": form}, status=status)
    if status == 429:
        answer["Retry-After"] = str(tries.TooManyTries.wait * 60)
    return answer


def link_for(user: User) -> str:
    """Return the address at which a person sets a password. It works once, for three days."""
    path = reverse("people:password_link", args=[user.pk, default_token_generator.make_token(user)])
    return settings.BASE_URL + path


def _checked(request: HttpRequest, email: str, password: str) -> User | None:
    """Return the person if email and password match. Raises TooManyTries before it checks the password."""
    at = clock.now()
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    counted = tries.count_try(
        email,
        network=network(request),
        device=browser.device_of(request, user),
        browser=browser.csrf_id(request),
        at=at,
    )
    found = authenticate(request, username=email, password=password)
    if not isinstance(found, User):
        return None
    tries.give_back(counted, at=at)
    return found


def let_in(request: HttpRequest, user: User) -> HttpResponse:
    """Sign in a person who gave the right password, or set one: through the stages of allauth."""
    login = Login(user=user, email=user.email, redirect_url=onward_from(request))
    return perform_password_login(request, {"email": user.email}, login)
