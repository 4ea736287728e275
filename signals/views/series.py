"""One series: its chart, its thresholds, what was corrected, what it is said to be."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.requests import version_of
from signals.forms import SeriesForm
from signals.models import Series
from signals.operations import series as operations
from signals.queries import chart, points, version
from signals.views.asked import period_of

MOST_CORRECTIONS = 20


def found(request: HttpRequest, pk: int) -> Series:
    return get_object_or_404(points.series().visible_to(request.user), pk=pk)


@require_safe
@view_needs("signals.view")
def series_detail(request: HttpRequest, pk: int) -> HttpResponse:
    series = found(request, pk)
    context = {
        "series": series,
        "chart": chart.recent(request.user, series, days=period_of(request), at=clock.now()),
        "periods": chart.PERIODS,
        "watches": version.watches(request.user, series),
        "corrections": list(points.corrections(series.pk)[:MOST_CORRECTIONS]),
        "may_change": may(request.user, "signals.series_change", series),
        "may_propose": may(request.user, "signals.threshold_propose"),
        "timeline": list(timeline(series.subject_id).visible_to(request.user)[:50]),
    }
    return respond(request, "signals/series_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("signals.series_change")
def series_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the kind or the unit of a series."""
    series = found(request, pk)
    require(request.user, "signals.series_change", series)
    if request.method != "POST":
        return _form(request, series, SeriesForm.of(series))
    form, seen = SeriesForm.of(series, request.POST), version_of(request)
    if not form.is_valid():
        return _form(request, series, form, version=seen, status=422)
    by, said = Actor(request.user, "page"), form.cleaned_data
    try:
        operations.change(series, said, by=by, at=clock.now(), seen=seen)
    except ChangedMeanwhile as conflict:
        told = {"mine": _told(**said), "theirs": _told(**_present(conflict.present))}
        return _form(request, series, form, version=_present_version(conflict), status=409, **told)
    except Refused as refusal:
        form.take_in(refusal)
        return _form(request, series, form, version=seen, status=422)
    return toast(request, go(request, reverse("signals:series_detail", args=[series.pk])), "Saved")


def _form(
    request: HttpRequest,
    series: Series,
    form: SeriesForm,
    *,
    version: int = 0,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    context = {"series": series, "form": form, "version": version or series.version, **extra}
    return respond(request, "signals/series_edit.html", "form", context, status=status)


def _present(series: Any) -> dict[str, str]:
    return {"kind": series.kind, "unit": series.unit}


def _present_version(conflict: ChangedMeanwhile) -> int:
    return conflict.present.version  # type: ignore[attr-defined]


def _told(*, kind: str, unit: str) -> str:
    return f"Kind: {kind}\nUnit: {unit or 'none'}"
