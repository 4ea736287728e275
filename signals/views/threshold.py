"""The pages of thresholds: a threshold with its versions; propose, agree and decline a version."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.rights import may, view_needs
from lists.collation import BY_NAME
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest
from signals.filters.threshold import THRESHOLDS
from signals.forms.mute import MuteForm
from signals.forms.threshold import DeclineForm, ThresholdForm
from signals.models import Series, Threshold, ThresholdVersion
from signals.operations import threshold as operations
from signals.queries import version as queries
from signals.queries.difference import set_differences
from signals.queries.mute import mutes_of
from signals.queries.noise import DAYS, Noise, noise_of
from signals.queries.threshold_list import lines_of
from signals.states import Agreement
from signals.views import series as series_page


def address_of(threshold: Threshold) -> str:
    return reverse("signals:threshold_detail", args=[threshold.pk])


def load_threshold(request: SignedInRequest, pk: int) -> Threshold:
    return get_object_or_404(queries.thresholds().visible_to(request.user), pk=pk)


@require_safe
@view_needs("signals.view")
def threshold_list(request: SignedInRequest) -> HttpResponse:
    """Show the thresholds with their rules in force, by name."""
    selection = selection_of(request, THRESHOLDS)
    rows = queries.thresholds().visible_to(request.user).order_by(*BY_NAME)
    shown = listing(request, THRESHOLDS, rows, selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "lines": lines_of(request.user, shown.page.rows, clock.now()),
        "is_narrowed": bool(selection.values),
    }
    return respond(request, "signals/threshold_list.html", "list", context)


@require_safe
@view_needs("signals.view")
def threshold_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return detail_page(request, load_threshold(request, pk))


def detail_page(
    request: SignedInRequest, threshold: Threshold, *, status: int = 200, **extra: Any
) -> HttpResponse:
    """Show a threshold with its versions and mutes. extra: the refused form of a step."""
    versions = queries.versions_of(request.user, threshold)
    set_differences(versions)
    at = clock.now()
    context = {
        "threshold": threshold,
        "versions": versions,
        "active": next((version for version in versions if version.state == Agreement.ACTIVE), None),
        "may_propose": may(request.user, "signals.threshold_propose") and not threshold.is_external,
        "may_agree": may(request.user, "signals.threshold_agree", threshold),
        "mutes": mutes_of(threshold, at),
        "noise": noise_of([threshold.pk], at, user=request.user).get(threshold.pk, Noise()),
        "noise_days": DAYS,
        "may_mute": may(request.user, "signals.threshold_mute", threshold),
        "mute_form": MuteForm(),
        **extra,
    }
    return respond(request, "signals/threshold_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("signals.threshold_propose")
def propose_first(request: SignedInRequest, pk: int) -> HttpResponse:
    """Propose a threshold on a series."""
    series = series_page.load_series(request, pk)
    back = reverse("signals:series_detail", args=[series.pk])
    form = ThresholdForm(request.POST or None, initial=_reason_of(request))
    return _propose(request, series, form, series=series, back=back)


def _reason_of(request: SignedInRequest) -> dict[str, str]:
    """Return the reason that the address presets, such as the result of an experiment: ?reason=."""
    return {"reason": request.GET.get("reason", "")[:500]}


@require_http_methods(["GET", "POST"])
@view_needs("signals.threshold_propose")
def propose_next(request: SignedInRequest, pk: int) -> HttpResponse:
    """Propose the next version of a threshold, starting from the one in force."""
    threshold = load_threshold(request, pk)
    active = threshold.versions.filter(state=Agreement.ACTIVE).first()
    context = {"series": threshold.series, "threshold": threshold, "active": active}
    form = ThresholdForm.like(active, request.POST or None)
    form.initial = {**form.initial, **_reason_of(request)}
    return _propose(request, threshold, form, **context, back=address_of(threshold))


def _propose(
    request: SignedInRequest, on: Series | Threshold, form: ThresholdForm, **context: Any
) -> HttpResponse:
    return flows.create(
        request,
        form,
        operation=partial(operations.propose, on),
        address=lambda version: address_of(version.threshold),
        show=form_page(request, "signals/threshold_propose.html", **context),
        message="Proposed. It takes effect once it is agreed.",
    )


@require_POST
@view_needs("signals.threshold_agree")
def agree(request: SignedInRequest, pk: int) -> HttpResponse:
    """Agree to a proposed version and put it in force."""
    return _settle(request, pk, PageForm(request.POST), operations.agree, "Version {} is in force")


@require_POST
@view_needs("signals.threshold_agree")
def decline(request: SignedInRequest, pk: int) -> HttpResponse:
    """Decline a proposed version, with the reason."""
    return _settle(request, pk, DeclineForm(request.POST), operations.decline, "Version {} declined")


def _settle(
    request: SignedInRequest, pk: int, form: PageForm, operation: Callable[..., Any], message: str
) -> HttpResponse:
    """Agree or decline a proposed version. A refused step shows the page of the threshold with its error."""
    versions = queries.with_threshold(ThresholdVersion.objects.visible_to(request.user))
    version = get_object_or_404(versions, pk=pk)

    def show(form: PageForm, status: int) -> HttpResponse:
        threshold = load_threshold(request, version.threshold_id)
        return detail_page(request, threshold, status=status, refused=version.pk, step_form=form)

    return flows.step(
        request,
        version,
        form,
        permission="signals.threshold_agree",
        operation=operation,
        address=address_of(version.threshold),
        show=show,
        message=message.format(version.number),
    )
