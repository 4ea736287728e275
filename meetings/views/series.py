"""The pages of a series and its focus cycle."""

import hashlib
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from meetings import cadence
from meetings.forms import ExtraMeetingForm, FocusForm, SeriesForm
from meetings.models import Focus, MeetingSeries
from meetings.operations import extra, preview
from meetings.operations import focus as focuses
from meetings.operations import series as operations
from meetings.queries import series as queries
from meetings.queries import swap as swaps
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.requests import actor, version_of
from people.permissions import SignedInRequest
from people.queries import organisation


def address_of(series: MeetingSeries) -> str:
    return reverse("meetings:series_detail", args=[series.pk])


def _cycle_of(focus: Focus) -> str:
    return f"{address_of(focus.series)}#cycle"


def _series(request: SignedInRequest, pk: int) -> MeetingSeries:
    rows = MeetingSeries.objects.visible_to(request.user).select_related("subject", "sponsor")
    return get_object_or_404(rows.prefetch_related(queries.teams_by_name(), "participants"), pk=pk)


def _focus(request: SignedInRequest, pk: int) -> Focus:
    rows = Focus.objects.visible_to(request.user).filter(is_retired=False)
    return get_object_or_404(rows.select_related("series__subject"), pk=pk)


@require_safe
@view_needs("meetings.meeting_view")
def series_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """The next twelve weeks with their turns and balance, the focus cycle and the participants."""
    series = _series(request, pk)
    context = {
        "series": series,
        "rhythm": cadence.describe(series.rrule),
        "ahead": queries.ahead(series, request.user, clock.now()),
        "focuses": list(queries.focuses(series)),
        "swaps": list(swaps.open_of_series(series, request.user)[:10]),
        "may_change": may(request.user, "meetings.series_change", series),
        "may_take": may(request.user, "meetings.meeting_take", series),
    }
    return respond(request, "meetings/series_detail.html", "plan", context)


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def series_create(request: SignedInRequest) -> HttpResponse:
    """Create a series. By default it starts today, in the time zone of the organisation."""
    return flows.create(
        request,
        SeriesForm(request.POST or None, initial=_defaults()),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "meetings/series_form.html", series=None),
        message="Series created",
    )


def _defaults() -> dict[str, Any]:
    owner = organisation()
    zone = owner.time_zone if owner else "UTC"
    return {"first_on": clock.now().astimezone(ZoneInfo(zone)).date(), "time_zone": zone}


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def series_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a series. What it does to meetings and people is shown first, and saved as it was shown."""
    series = _series(request, pk)
    form = SeriesForm.of(series, request.POST or None)
    if request.method == "POST" and version_of(request) == series.version and form.is_valid():
        require(request.user, "meetings.series_change", series)
        mark = _mark(request)
        if request.POST.get("previewed") != mark and (effects := _effects(request, series, form)):
            show = form_page(request, "meetings/series_form.html", series=series, effects=effects, mark=mark)
            return show(form, 200)
    return flows.edit(
        request,
        series,
        form,
        permission="meetings.series_change",
        operation=operations.change,
        address=address_of(series),
        show=form_page(request, "meetings/series_form.html", series=series),
    )


def _mark(request: SignedInRequest) -> str:
    """Return a digest of the fields of the form, so that what is saved is what was shown."""
    apart = {"previewed", "csrfmiddlewaretoken"}
    fields = sorted((name, request.POST.getlist(name)) for name in request.POST if name not in apart)
    return hashlib.sha256(repr(fields).encode()).hexdigest()[:32]


def _effects(request: SignedInRequest, series: MeetingSeries, form: SeriesForm) -> preview.Effects | None:
    """Return what the change does; None for nothing to show, or if it will be refused."""
    try:
        effects = preview.of_change(series, form.values(), by=actor(request), at=clock.now())
    except Refused:
        return None
    return None if effects.is_none else effects


@require_POST
@view_needs("meetings.series_change")
def series_publish(request: SignedInRequest, pk: int) -> HttpResponse:
    series = _series(request, pk)
    return flows.press(
        request,
        series,
        permission="meetings.series_change",
        operation=operations.publish,
        address=address_of(series),
        message="Series published. Its participants are invited.",
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def series_extra(request: SignedInRequest, pk: int) -> HttpResponse:
    """Add a meeting to a series, besides those of its rule."""
    series = _series(request, pk)
    require(request.user, "meetings.series_change", series)
    return flows.create(
        request,
        ExtraMeetingForm(request.POST or None),
        operation=partial(extra.add, series),
        address=lambda meeting: reverse("meetings:meeting_detail", args=[meeting.reference]),
        show=form_page(request, "meetings/extra_form.html", series=series),
        message="Meeting added",
    )


@require_POST
@view_needs("meetings.series_change")
def series_retire(request: SignedInRequest, pk: int) -> HttpResponse:
    series = _series(request, pk)
    return flows.press(
        request,
        series,
        permission="meetings.series_change",
        operation=operations.retire,
        address=address_of(series),
        message="Series retired",
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def focus_create(request: SignedInRequest, pk: int) -> HttpResponse:
    series = _series(request, pk)
    require(request.user, "meetings.series_change", series)
    return flows.create(
        request,
        FocusForm(request.POST or None),
        operation=partial(focuses.add, series),
        address=_cycle_of,
        show=form_page(request, "meetings/focus_form.html", series=series, focus=None),
        message="Focus added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def focus_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    focus = _focus(request, pk)
    return flows.edit(
        request,
        focus,
        FocusForm.of(focus, request.POST or None),
        permission="meetings.series_change",
        operation=focuses.change,
        address=_cycle_of(focus),
        show=form_page(request, "meetings/focus_form.html", series=focus.series, focus=focus),
    )


@require_POST
@view_needs("meetings.series_change")
def focus_shift(request: SignedInRequest, pk: int, way: str) -> HttpResponse:
    """Exchange places with the focus before or after it."""
    focus = _focus(request, pk)
    return flows.press(
        request,
        focus,
        permission="meetings.series_change",
        operation=partial(focuses.shift, up=way == "up"),
        address=_cycle_of(focus),
        message="Order saved. Upcoming meetings are updated.",
    )


@require_POST
@view_needs("meetings.series_change")
def focus_retire(request: SignedInRequest, pk: int) -> HttpResponse:
    focus = _focus(request, pk)
    return flows.press(
        request,
        focus,
        permission="meetings.series_change",
        operation=focuses.retire,
        address=_cycle_of(focus),
        message="Focus removed",
    )
