"""The page of the reader's secret address of the feed: create, renew and end it."""

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import view_needs
from learnings.models import FeedAddress
from learnings.operations import feed_address as operations
from learnings.queries import feed_address as queries
from pages.answers import go, toast
from pages.once import once
from pages.requests import actor
from people.models import User
from people.permissions import SignedInRequest

HERE = "learnings:address"


@never_cache
@require_safe
@view_needs("learnings.feed_address")
def address(request: SignedInRequest) -> HttpResponse:
    return _page(request)


@never_cache
@require_POST
@view_needs("learnings.feed_address")
def address_create(request: SignedInRequest) -> HttpResponse:
    """Create an address. Only this answer shows it, because only the hash of its secret is stored."""
    person = User.objects.select_related("subject").get(pk=request.user.pk)
    return _show_once(request, partial(operations.add, person))


@never_cache
@require_POST
@view_needs("learnings.feed_address")
def address_renew(request: SignedInRequest, pk: int) -> HttpResponse:
    """Replace the address by a new one, which only this answer shows."""
    return _show_once(request, partial(operations.renew, _own(request, pk)))


@require_POST
@view_needs("learnings.feed_address")
def address_end(request: SignedInRequest, pk: int) -> HttpResponse:
    operations.end(_own(request, pk), by=actor(request), at=clock.now())
    return toast(request, go(request, reverse(HERE)), "Feed address ended")


def _own(request: SignedInRequest, pk: int) -> FeedAddress:
    return get_object_or_404(queries.addresses_of(request.user), pk=pk)


def _show_once(request: SignedInRequest, create: Callable[..., tuple[FeedAddress, str]]) -> HttpResponse:
    """Create an address, once for each rendered form, and show it."""
    made: list[str] = []

    def act() -> str:
        made.append(create(by=actor(request), at=clock.now())[1])
        return reverse(HERE)

    try:
        url = once(request, act)
    except Refused as refusal:
        return toast(request, go(request, reverse(HERE)), refusal.message)
    return _page(request, secret=made[0]) if made else go(request, url)


def _page(request: SignedInRequest, *, secret: str = "") -> HttpResponse:
    path = reverse("learnings:feed_at_address", args=[secret]) if secret else ""
    context = {
        "address": queries.addresses_of(request.user).first(),
        "new_address": f"{settings.BASE_URL}{path}" if secret else "",
    }
    return render(request, "learnings/address.html", context)
