"""A forgotten password: ask for a mail with a link, and set a new password with it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.refusals import Refused
from kit.rights import OPEN, view_needs
from people import forms
from people.authentication.browser import network, onward_from
from people.forms import access
from people.models import User
from people.operations import password_reset
from people.queries import links
from people.views.sign_in import let_in, refused


@never_cache
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def reset(request: HttpRequest) -> HttpResponse:
    """Ask for a link. The answer is the same whether or not there is such a person."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(onward_from(request))
    form = access.Email(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            password_reset.ask(form.cleaned_data["email"], network=network(request), at=clock.now())
        except Refused as refusal:
            return refused(request, "people/reset.html", form, refusal)
        return render(request, "people/reset.html", {"form": None, "email": form.cleaned_data["email"]})
    status = 422 if request.method == "POST" else 200
    return render(request, "people/reset.html", {"form": form}, status=status)


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
@view_needs(OPEN)
def reset_link(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """Set a password with the link of a mail. Opening the link does not use it up."""
    user = User.objects.select_related("subject").filter(pk=pk, is_active=True).first()
    if user is None or not links.is_reset_good(user, token):
        return render(request, "people/password_link.html", {"form": None, "is_reset": True}, status=404)
    form = forms.NewPassword(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            password_reset.complete(user, token, form.cleaned_data["password"], at=clock.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return let_in(request, user)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "person": user, "is_reset": True}
    return render(request, "people/password_link.html", context, status=status)
