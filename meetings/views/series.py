"""The pages of a series and its focus cycle."""

from zoneinfo import ZoneInfo

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import timeline
from kit import clock
from kit.rights import may, require, view_needs
from meetings import cadence
from meetings.forms import FocusForm, SeriesForm
from meetings.models import Focus, MeetingSeries
from meetings.operations import focus as focuses
from meetings.operations import series as all_series
from meetings.queries import series as series_queries
from meetings.views.saving import act, by, save, version
from pages.answers import respond
from pages.once import once
from people.queries import organisation


def found(request: HttpRequest, pk: int) -> MeetingSeries:
    rows = MeetingSeries.objects.visible_to(request.user).select_related("subject", "sponsor")
    return get_object_or_404(rows.prefetch_related("teams", "participants"), pk=pk)


def page_of(series: MeetingSeries) -> str:
    return reverse("meetings:series_detail", args=[series.pk])


@require_safe
@view_needs("meetings.meeting_see")
def series_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The next twelve weeks with their turns and the balance; the focus cycle; who takes part."""
    series = found(request, pk)
    at = clock.now()
    context = {
        "series": series,
        "rhythm": cadence.words(series.rrule),
        "ahead": series_queries.ahead(series, request.user, at),
        "focuses": list(series_queries.focuses(series)),
        "may_change": may(request.user, "meetings.series_change", series),
        "may_take": may(request.user, "meetings.meeting_take", series),
        "timeline": list(timeline(series.subject_id).visible_to(request.user)[:50]),
    }
    return respond(request, "meetings/series_detail.html", "plan", context)


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def series_create(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        ours = organisation()
        zone = ours.time_zone if ours else "UTC"
        today = clock.now().astimezone(ZoneInfo(zone)).date()
        return _form(request, SeriesForm(initial={"first_on": today, "time_zone": zone}))
    form = SeriesForm(request.POST)

    def add(said: dict) -> str:
        return once(
            request,
            lambda: page_of(
                all_series.add(
                    **form.values(),
                    teams=said["teams"],
                    participants=said["participants"],
                    functions=said["functions"],
                    by=by(request),
                    at=clock.now(),
                )
            ),
        )

    return save(
        request, form, add, said="Series created", again=lambda f, status: _form(request, f, status=status)
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def series_edit(request: HttpRequest, pk: int) -> HttpResponse:
    series = found(request, pk)
    require(request.user, "meetings.series_change", series)
    if request.method != "POST":
        return _form(request, SeriesForm.of(series), series)
    form = SeriesForm.of(series, request.POST)

    def change(said: dict) -> str:
        all_series.change(
            series,
            {**form.values(), "function_order": [function.pk for function in said["functions"]]},
            teams=said["teams"],
            participants=said["participants"],
            seen=said["version"],
            by=by(request),
            at=clock.now(),
        )
        return page_of(series)

    return save(
        request, form, change, said="Saved", again=lambda f, status: _form(request, f, series, status=status)
    )


def _form(
    request: HttpRequest, form: Form, series: MeetingSeries | None = None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "series": series, "theirs": getattr(form, "theirs", None)}
    return respond(request, "meetings/series_form.html", "form", context, status=status)


@require_POST
@view_needs("meetings.series_change")
def series_retire(request: HttpRequest, pk: int) -> HttpResponse:
    series = found(request, pk)
    require(request.user, "meetings.series_change", series)
    return act(
        request,
        lambda: all_series.retire(series, by=by(request), at=clock.now(), seen=version(request)),
        back=page_of(series),
        said="Series retired",
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def focus_create(request: HttpRequest, pk: int) -> HttpResponse:
    series = found(request, pk)
    require(request.user, "meetings.series_change", series)
    form = FocusForm(request.POST or None)
    if request.method != "POST":
        return _focus_form(request, form, series)

    def add(said: dict) -> str:
        def made() -> str:
            focuses.add(series, **form.values(), functions=said["functions"], by=by(request), at=clock.now())
            return page_of(series)

        return once(request, made)

    return save(
        request,
        form,
        add,
        said="Focus added",
        again=lambda f, status: _focus_form(request, f, series, status=status),
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.series_change")
def focus_edit(request: HttpRequest, pk: int) -> HttpResponse:
    focus = _focus(request, pk)
    if request.method != "POST":
        return _focus_form(request, FocusForm.of(focus), focus.series, focus)
    form = FocusForm.of(focus, request.POST)

    def change(said: dict) -> str:
        focuses.change(
            focus,
            form.values(),
            functions=said["functions"],
            seen=said["version"],
            by=by(request),
            at=clock.now(),
        )
        return page_of(focus.series)

    return save(
        request,
        form,
        change,
        said="Saved",
        again=lambda f, status: _focus_form(request, f, focus.series, focus, status=status),
    )


@require_POST
@view_needs("meetings.series_change")
def focus_shift(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """Change places with the focus before or after it."""
    focus = _focus(request, pk)
    order = list(series_queries.focuses(focus.series))
    place = next((n for n, one in enumerate(order) if one.pk == focus.pk), None)
    other = place + (-1 if way == "up" else 1) if place is not None else -1
    if place is not None and 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return act(
        request,
        lambda: focuses.reorder(focus.series, order, by=by(request), at=clock.now()),
        back=f"{page_of(focus.series)}#cycle",
        said="Order saved. Upcoming meetings are updated.",
    )


@require_POST
@view_needs("meetings.series_change")
def focus_retire(request: HttpRequest, pk: int) -> HttpResponse:
    focus = _focus(request, pk)
    return act(
        request,
        lambda: focuses.retire(focus, by=by(request), at=clock.now(), seen=version(request)),
        back=f"{page_of(focus.series)}#cycle",
        said="Focus removed",
    )


def _focus(request: HttpRequest, pk: int) -> Focus:
    rows = Focus.objects.visible_to(request.user).filter(is_retired=False).select_related("series__subject")
    focus = get_object_or_404(rows, pk=pk)
    require(request.user, "meetings.series_change", focus.series)
    return focus


def _focus_form(
    request: HttpRequest,
    form: Form,
    series: MeetingSeries,
    focus: Focus | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "series": series, "focus": focus, "theirs": getattr(form, "theirs", None)}
    return respond(request, "meetings/focus_form.html", "form", context, status=status)
