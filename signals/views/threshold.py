"""Thresholds: what holds since when, proposing a version, agreeing or declining it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import version_of
from signals.forms import ThresholdForm
from signals.models import Series, Threshold, ThresholdVersion
from signals.operations import threshold as operations
from signals.queries import version as queries
from signals.states import Agreement
from signals.views import series as series_page


def _found(request: HttpRequest, pk: int) -> Threshold:
    return get_object_or_404(queries.thresholds().visible_to(request.user), pk=pk)


def _found_version(request: HttpRequest, pk: int) -> ThresholdVersion:
    rows = ThresholdVersion.objects.visible_to(request.user).select_related("threshold")
    return get_object_or_404(rows, pk=pk)


@require_safe
@view_needs("signals.view")
def threshold_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, _found(request, pk))


def _detail(request: HttpRequest, threshold: Threshold, *, status: int = 200, **extra: Any) -> HttpResponse:
    versions = queries.versions_of(request.user, threshold)
    context = {
        "threshold": threshold,
        "versions": versions,
        "active": next((one for one in versions if one.state == Agreement.ACTIVE), None),
        "may_propose": may(request.user, "signals.threshold_propose") and not threshold.is_external,
        "may_agree": may(request.user, "signals.threshold_agree", threshold),
        "timeline": list(timeline(threshold.subject_id).visible_to(request.user)[:50]),
        **extra,
    }
    return respond(request, "signals/threshold_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("signals.threshold_propose")
def propose_first(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose a threshold on a series."""
    series = series_page.found(request, pk)
    back = reverse("signals:series_detail", args=[series.pk])
    return _propose(request, series, ThresholdForm(), {"series": series, "back": back})


@require_http_methods(["GET", "POST"])
@view_needs("signals.threshold_propose")
def propose_next(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose the next version of a threshold, starting from the one in force."""
    threshold = _found(request, pk)
    active = threshold.versions.filter(state=Agreement.ACTIVE).first()
    back = reverse("signals:threshold_detail", args=[threshold.pk])
    context = {"series": threshold.series, "threshold": threshold, "active": active, "back": back}
    return _propose(request, threshold, ThresholdForm.like(active), context)


def _propose(
    request: HttpRequest, on: Series | Threshold, empty: ThresholdForm, context: dict[str, Any]
) -> HttpResponse:
    def page(form: ThresholdForm, status: int = 200) -> HttpResponse:
        return respond(
            request, "signals/threshold_propose.html", "form", {"form": form, **context}, status=status
        )

    if request.method != "POST":
        return page(empty)
    form = ThresholdForm(request.POST)
    if not form.is_valid():
        return page(form, 422)

    def act() -> str:
        made = operations.propose(on, **form.values(), by=Actor(request.user, "page"), at=clock.now())
        return reverse("signals:threshold_detail", args=[made.threshold_id])

    try:
        url = once(request, act)
    except Refused as refusal:
        form.take_in(refusal)
        return page(form, 422)
    return toast(request, go(request, url), "Proposed. It takes effect once it is agreed.")


@require_POST
@view_needs("signals.threshold_agree")
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to a proposed version and put it in force."""
    version = _found_version(request, pk)
    require(request.user, "signals.threshold_agree", version.threshold)
    try:
        operations.agree(version, by=Actor(request.user, "page"), at=clock.now(), seen=version_of(request))
    except Refused as refusal:
        return _refused(request, version, refusal)
    return _back(request, version, f"Version {version.number} is in force")


@require_POST
@view_needs("signals.threshold_agree")
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn a proposed version down, with the reason."""
    version = _found_version(request, pk)
    require(request.user, "signals.threshold_agree", version.threshold)
    reason = request.POST.get("reason", "").replace("\x00", "")[:2_000]
    try:
        operations.decline(
            version,
            reason=reason,
            by=Actor(request.user, "page"),
            at=clock.now(),
            seen=version_of(request),
        )
    except Refused as refusal:
        return _refused(request, version, refusal)
    return _back(request, version, f"Version {version.number} declined")


def _back(request: HttpRequest, version: ThresholdVersion, words: str) -> HttpResponse:
    url = reverse("signals:threshold_detail", args=[version.threshold_id])
    return toast(request, go(request, url), words)


def _refused(request: HttpRequest, version: ThresholdVersion, refusal: Refused) -> HttpResponse:
    """The page as it stands now, with what was refused; 409 where somebody else was first."""
    is_late = isinstance(refusal, ChangedMeanwhile | IllegalMove)
    extra = {"refused": version.pk, "refusal": refusal.message}
    return _detail(request, _found(request, version.threshold_id), status=409 if is_late else 422, **extra)
