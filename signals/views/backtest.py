"""The page that tests a rule on the stored points of a series, beside the rule in force."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from kit import clock
from kit.rights import may, view_needs
from pages.answers import respond
from people.permissions import SignedInRequest
from signals.forms.threshold import BacktestForm
from signals.models import Series, ThresholdVersion
from signals.queries.backtest import DAYS
from signals.queries.backtest import backtest as test
from signals.queries.version import in_force_on, rule_of
from signals.views.series import load_series


@require_safe
@view_needs("signals.view")
def backtest(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show which breaches the rule of the query would have opened. `?threshold=` names the one in force."""
    series = load_series(request, pk)
    form = BacktestForm(request.GET)
    context = {"series": series, "form": form, "may_propose": may(request.user, "signals.threshold_propose")}
    if not form.is_valid():
        return respond(request, "signals/backtest.html", "result", context, status=422)
    active = _active(request, series)
    context |= {"active": active, "rule": form.rule()}
    context["test"] = test(
        request.user,
        series,
        form.rule(),
        rule_of(active) if active else None,
        days=form.cleaned_data["days"] or DAYS,
        at=clock.now(),
    )
    return respond(request, "signals/backtest.html", "result", context)


def _active(request: SignedInRequest, series: Series) -> ThresholdVersion | None:
    """Return the version to compare with: of `?threshold=`, else the first one in force on the series."""
    rows = in_force_on(series).visible_to(request.user)
    asked = request.GET.get("threshold", "")
    if asked.isdecimal() and len(asked) < 18:
        return rows.filter(threshold_id=int(asked)).first()
    return rows.first()
