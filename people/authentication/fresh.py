"""Whether a person confirmed their identity lately: needed to change how somebody signs in."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from people.models import User
from people.permissions import SignedInRequest
from people.queries import factors

SECONDS = 10 * 60
_FACTOR = "mfa"


def is_fresh(request: SignedInRequest) -> bool:
    """Return whether the person signed in or confirmed within ten minutes, in this session.

    A person with a second factor has shown it: the password alone must not remove the factor.
    """
    records = get_authentication_records(request, request.user)
    methods = {record["method"] for record in records if time.time() - record["at"] < SECONDS}
    return _FACTOR in methods or (bool(methods) and not factors.has_one(request.user))


def note(request: HttpRequest, user: User, method: str, **more: Any) -> None:
    """Note in the session how the person proved their identity."""
    record_authentication(request, user, method, **more)


def needs_fresh(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask for a confirmation first, unless the person gave one lately. What they sent is not kept."""

    @wraps(view)
    def checked(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        return ask(
            request, request.get_full_path() if request.method == "GET" else reverse("people:security")
        )

    return checked


def ask(request: SignedInRequest, onward: str) -> HttpResponse:
    """Lead to the page of the confirmation, and from there to `onward`."""
    return HttpResponseRedirect(f"{reverse('people:confirm')}?{urlencode({'next': onward})}", status=303)
