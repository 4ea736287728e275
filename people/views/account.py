"""The account page: profile, password, absences and API tokens of the signed-in person."""

from functools import partial
from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kit import clock
from kit.refusals import Refused
from kit.rights import require, view_needs
from lists.collation import BY_NAME
from pages import flows
from pages.answers import go, toast
from pages.once import once
from pages.requests import actor
from people import forms, queries
from people.authentication import sessions
from people.authentication.browser import network, onward_from
from people.models import Absence, Token, User
from people.operations import person
from people.operations import sign_in as tries
from people.operations import token as tokens
from people.operations.welcome import settle_in
from people.permissions import SignedInRequest
from people.views.token import address_of_owner

HERE = "people:account"


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs("people.account")
def account(request: SignedInRequest) -> HttpResponse:
    user = _me(request)
    return flows.edit(
        request,
        user,
        forms.Account(request.POST or None, initial=_profile(user)),
        permission="people.account",
        operation=person.change,
        address=reverse(HERE),
        show=lambda form, status: _page(request, status, form=form),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs("people.account")
def welcome(request: SignedInRequest) -> HttpResponse:
    """Ask a new person for teams, time zone and mails. The sign-in leads here once; it can be skipped."""
    user, onward = _me(request), onward_from(request)
    initial = {"time_zone": user.time_zone, "is_digest_wanted": user.is_digest_wanted}
    form = forms.Welcome(request.POST or None, user=user, initial=initial)
    return flows.step(
        request,
        user,
        form,
        permission="people.account",
        operation=settle_in,
        address=onward,
        show=flows.form_page(request, "people/welcome.html", person=user, onward=onward),
        message="Saved. You can change this under your account at any time.",
    )


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs("people.account")
def news(request: SignedInRequest) -> HttpResponse:
    """Choose what to be told at once, in the digest, or never."""
    user = _me(request)
    return flows.edit(
        request,
        user,
        forms.NewsTimings(request.POST or None, user=user),
        permission="people.account",
        operation=person.change,
        address=reverse("people:news"),
        show=flows.form_page(request, "people/news.html", person=user),
    )


@never_cache
@sensitive_post_parameters("current", "password", "again")
@require_POST
@view_needs("people.account")
def change_password(request: SignedInRequest) -> HttpResponse:
    form = forms.ChangePassword(request.POST)
    if not form.is_valid():
        return _page(request, 422, password_form=form)
    user, at = _me(request), clock.now()
    try:
        # The limit of the sign-in page applies here too: an open session must not allow more guesses.
        counted = tries.count_try(user.email, network=network(request), device=f"own:{user.pk}", at=at)
        if not user.check_password(form.cleaned_data["current"]):
            raise Refused("This is not your current password.", field="current")
        tries.give_back(counted, at=at)
        person.set_password(user, form.cleaned_data["password"], by=actor(request), at=at)
    except Refused as refusal:
        return _page(request, form.refuse(refusal), password_form=form)
    update_session_auth_hash(request, user)
    sessions.forget_last_noted(request)
    said = "Password changed. You are signed out on all other devices."
    return toast(request, go(request, reverse("people:account")), said)


@never_cache
@require_POST
@view_needs("people.account")
def make_token(request: SignedInRequest) -> HttpResponse:
    """Create a token. Only this answer shows its text, because only its hash is stored."""
    form = forms.NewToken(request.POST)
    if not form.is_valid():
        return _page(request, 422, token_form=form)
    made: list[str] = []

    def act() -> str:
        _, text = tokens.issue(_me(request), **form.cleaned_data, by=actor(request), at=clock.now())
        made.append(text)
        return reverse("people:account")

    try:
        url = once(request, act)
    except Refused as refusal:
        return _page(request, form.refuse(refusal), token_form=form)
    return _page(request, new_token=made[0]) if made else go(request, url)


@require_POST
@view_needs("people.token_revoke")
def revoke_token(request: SignedInRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(Token.objects.select_related("subject", "user"), pk=pk)
    if token.user_id != request.user.pk:
        # Answer 404 for the token of another person, except to administrators.
        get_object_or_404(queries.administrators(), pk=request.user.pk)
    require(request.user, "people.token_revoke", token)
    tokens.revoke(token, by=actor(request), at=clock.now())
    return toast(request, go(request, address_of_owner(token, request.user)), "Token revoked")


@require_POST
@view_needs("people.account")
def be_away(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        forms.Away(request.POST),
        operation=partial(person.be_away, _me(request)),
        address=lambda _: reverse(HERE),
        show=lambda form, status: _page(request, status, away_form=form),
        message="Absence added. New work is assigned to your stand-in on these days.",
    )


@require_POST
@view_needs("people.account")
def be_back(request: SignedInRequest, pk: int) -> HttpResponse:
    absence = get_object_or_404(Absence.objects.select_related("user"), pk=pk, user=request.user)
    person.be_back(absence, by=actor(request), at=clock.now())
    return toast(request, go(request, reverse("people:account")), "Absence removed")


def _profile(user: User) -> dict[str, Any]:
    """Return the initial values of the form."""
    return {name: getattr(user, name) for name in forms.Account.base_fields}


def _me(request: SignedInRequest) -> User:
    """Return the person from the database. `request.user` is a lazy object without these relations."""
    return User.objects.select_related("function", "subject").get(pk=request.user.pk)


def _page(request: SignedInRequest, status: int = 200, **forms_given: Any) -> HttpResponse:
    user = _me(request)
    context = {
        "person": user,
        "form": forms.Account(initial=_profile(user)),
        "password_form": forms.ChangePassword(),
        "token_form": forms.NewToken(),
        "away_form": forms.Away(),
        "new_token": "",
        "tokens": [(token, _state(token)) for token in queries.tokens_of(user)[:50]],
        "absences": queries.absences_of(user, queries.local_day(clock.now(), user)),
        "teams": user.teams.order_by(*BY_NAME),
        **forms_given,
    }
    return render(request, "people/account.html", context, status=status)


def _state(token: Token) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at <= clock.now() else "live"
