"""How every form here is saved: one operation, then on; or the same page with what was refused."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.actor import Actor
from kit.refusals import Refused
from pages.answers import go, toast
from pages.once import once
from people.forms import PeopleForm


def by(request: HttpRequest) -> Actor:
    return Actor(request.user, "page")


def save(
    request: HttpRequest,
    form: PeopleForm,
    act: Callable[[dict[str, Any]], Any],
    *,
    said: str,
    then: Callable[[Any], str],
    again: Callable[[PeopleForm, int], HttpResponse],
) -> HttpResponse:
    """Run `act` on what the form says. then(result): where to go on; again(form, status): the page anew."""
    if not form.is_valid():
        return again(form, 422)
    try:
        url = once(request, lambda: then(act(form.cleaned_data)))
    except Refused as refusal:
        return again(form, form.take_in(refusal))
    return toast(request, go(request, url), said)


def form_page(
    request: HttpRequest, form: PeopleForm, *, title: str, button: str, back: str, status: int = 200
) -> HttpResponse:
    """A page with nothing but one form."""
    context = {"form": form, "title": title, "button": button, "back": back}
    return render(request, "people/form.html", context, status=status)
