"""How the forms of this room are saved: one operation, then a redirect, or the page with the refusal."""

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
    """Run `act` on the cleaned values.

    said: the toast. then(result): the address to go to. again(form, status): the page with its errors.
    """
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
    """Answer with a page that holds one form."""
    context = {"form": form, "title": title, "button": button, "back": back}
    return render(request, "people/form.html", context, status=status)
