"""The page of the reader's calendar addresses: create, renew and end them."""

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kit import clock, references
from kit.refusals import Refused
from kit.rights import view_needs
from meetings.forms import CalendarFeedForm
from meetings.models import CalendarFeed
from meetings.operations import calendar_feed as operations
from meetings.queries import calendar as queries
from pages.answers import go, toast
from pages.once import once
from pages.requests import actor
from people.models import User
from people.permissions import SignedInRequest

HERE = "meetings:calendar"


@never_cache
@require_safe
@view_needs("meetings.calendar")
def calendar(request: SignedInRequest) -> HttpResponse:
    """The addresses of the reader. ?series= chooses a series in the form."""
    series_id = references.as_id(request.GET.get("series", ""))
    initial = {} if series_id is None else {"series": series_id}
    return _page(request, CalendarFeedForm(user=request.user, initial=initial))


@never_cache
@require_POST
@view_needs("meetings.calendar")
def calendar_create(request: SignedInRequest) -> HttpResponse:
    """Create an address. Only this answer shows it, because only the hash of its secret is stored."""
    form = CalendarFeedForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    person = User.objects.select_related("subject").get(pk=request.user.pk)
    return _show_once(request, form, partial(operations.add, person, **form.values()))


@never_cache
@require_POST
@view_needs("meetings.calendar")
def calendar_renew(request: SignedInRequest, pk: int) -> HttpResponse:
    """Replace an address by a new one, which only this answer shows."""
    form = CalendarFeedForm(user=request.user)
    return _show_once(request, form, partial(operations.renew, _feed(request, pk)))


@require_POST
@view_needs("meetings.calendar")
def calendar_end(request: SignedInRequest, pk: int) -> HttpResponse:
    operations.end(_feed(request, pk), by=actor(request), at=clock.now())
    return toast(request, go(request, reverse(HERE)), "Calendar address ended")


def _feed(request: SignedInRequest, pk: int) -> CalendarFeed:
    return get_object_or_404(queries.feeds_of(request.user), pk=pk)


def _show_once(
    request: SignedInRequest, form: CalendarFeedForm, create: Callable[..., tuple[CalendarFeed, str]]
) -> HttpResponse:
    """Create an address, once for each rendered form, and show it."""
    made: list[str] = []

    def act() -> str:
        made.append(create(by=actor(request), at=clock.now())[1])
        return reverse(HERE)

    try:
        url = once(request, act)
    except Refused as refusal:
        if not form.is_bound:
            return toast(request, go(request, reverse(HERE)), refusal.message)
        return _page(request, form, status=form.refuse(refusal))
    return _page(request, CalendarFeedForm(user=request.user), secret=made[0]) if made else go(request, url)


def _page(
    request: SignedInRequest, form: CalendarFeedForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    path = reverse("meetings:calendar_feed", args=[secret]) if secret else ""
    context = {
        "form": form,
        "feeds": list(queries.feeds_of(request.user)),
        "new_address": f"{settings.BASE_URL}{path}" if secret else "",
        "days": queries.READ_LATELY.days,
    }
    return render(request, "meetings/calendar.html", context, status=status)
