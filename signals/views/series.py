"""The pages of a series: its chart, thresholds and corrections, and the form that changes it."""

from django.db.models import Value
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.queries.deployment import version_at
from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from people.permissions import SignedInRequest
from signals.forms.series import MetricSeriesForm
from signals.models import Series
from signals.operations import series as operations
from signals.queries import chart, points, version
from signals.views.asked import period_of

MAX_CORRECTIONS = 20


def load_series(request: SignedInRequest, pk: int) -> Series:
    """Return the series, or 404 if the user may not see it."""
    about = version_at(request.user, Value(clock.now()))
    return get_object_or_404(points.series().visible_to(request.user).annotate(about_version=about), pk=pk)


@require_safe
@view_needs("signals.view")
def series_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    series = load_series(request, pk)
    context = {
        "series": series,
        "chart": chart.recent(request.user, series, days=period_of(request), at=clock.now()),
        "periods": chart.PERIODS,
        "watches": version.thresholds_of(request.user, series),
        "corrections": list(points.corrections(series.pk)[:MAX_CORRECTIONS]),
        "may_change": may(request.user, "signals.series_change", series),
        "may_propose": may(request.user, "signals.threshold_propose"),
    }
    return respond(request, "signals/series_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("signals.series_change")
def series_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change the kind or unit of a series."""
    series = load_series(request, pk)
    return flows.edit(
        request,
        series,
        MetricSeriesForm.of(series, request.POST or None),
        permission="signals.series_change",
        operation=operations.change,
        address=reverse("signals:series_detail", args=[series.pk]),
        show=form_page(request, "signals/series_edit.html", series=series),
    )
