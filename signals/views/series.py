"""The pages of a series: its chart, thresholds and corrections, and the form that changes it."""

from typing import Any

from django.db.models import Value
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.queries.deployment import version_at
from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from people.permissions import SignedInRequest
from signals.forms.dashboard import SnapshotForm
from signals.forms.series import MetricSeriesForm
from signals.models import Series, Snapshot
from signals.operations import dashboard as dashboards
from signals.operations import series as operations
from signals.queries import chart, points, version
from signals.queries.dashboard import pictures_of_series
from signals.views.asked import span_of

MAX_CORRECTIONS = 20


def load_series(request: SignedInRequest, pk: int) -> Series:
    """Return the series, or 404 if the user may not see it."""
    about = version_at(request.user, Value(clock.now()))
    return get_object_or_404(points.series().visible_to(request.user).annotate(about_version=about), pk=pk)


@require_safe
@view_needs("signals.view")
def series_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a series in the last `?period=` days, or between `?from=` and `?until=`."""
    return _page(request, load_series(request, pk))


def _page(
    request: SignedInRequest, series: Series, form: SnapshotForm | None = None, *, status: int = 200
) -> HttpResponse:
    """Show a series. form: the refused form of a snapshot. ?pin= names what the snapshot is pinned to."""
    period, _ = span_of(request)
    initial = {"name": series.display_name, "pinned_to": request.GET.get("pin", "")[:24]}
    context = {
        "series": series,
        "chart": chart.chart(request.user, series, start=period.start, end=period.end),
        "periods": chart.PERIODS,
        "watches": version.thresholds_of(request.user, series),
        "corrections": list(points.corrections(series.pk)[:MAX_CORRECTIONS]),
        "may_change": may(request.user, "signals.series_change", series),
        "may_propose": may(request.user, "signals.threshold_propose"),
        "may_snapshot": may(request.user, "signals.dashboard_add"),
        "form": form or SnapshotForm(user=request.user, initial=initial),
        "query": period.query,
    }
    return respond(request, "signals/series_detail.html", None, context, status=status)


@require_POST
@view_needs("signals.dashboard_add")
def snapshot_of_series(request: SignedInRequest, pk: int) -> HttpResponse:
    """Keep the chart of the series in the period of the query."""
    series = load_series(request, pk)
    period, _ = span_of(request)

    def take(**given: Any) -> Snapshot:
        return dashboards.take_snapshot(
            pictures_of_series(request.user, series, period),
            period=period,
            link=f"{reverse('signals:series_detail', args=[series.pk])}?{period.query}",
            series=series,
            **given,
        )

    return flows.create(
        request,
        SnapshotForm(request.POST, user=request.user),
        operation=take,
        address=lambda snapshot: reverse("signals:snapshot_detail", args=[snapshot.pk]),
        show=lambda form, status: _page(request, series, form, status=status),
        message="Snapshot taken",
    )


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
