"""The pages of breaches: the list and one group with its evidence."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from catalogue.queries.deployment import version_at
from history.queries import with_related
from kit import clock
from kit.rights import may, view_needs
from pages.answers import respond
from pages.listing import listing, selection_of
from pages.requests import page_of
from people.permissions import SignedInRequest
from signals.dashboards import ChartPeriod
from signals.filters.breach import BREACHES
from signals.forms.dashboard import SnapshotForm
from signals.models import BreachGroup
from signals.queries import breach as queries
from signals.queries import group as group_queries
from signals.queries.chart import Chart
from signals.queries.mute import muted_breaches
from signals.states import BreachState


@require_safe
@view_needs("signals.view")
def breach_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the open or cleared breach groups, filtered."""
    selection = selection_of(request, BREACHES)
    state = BreachState.CLEARED if selection.has("state", BreachState.CLEARED) else BreachState.OPEN
    rows = queries.groups().visible_to(request.user).filter(state=state)
    shown = listing(request, BREACHES, rows, selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "state": state,
        "counts": queries.tab_counts(request.user),
        "is_narrowed": bool(set(selection.values) - {"state"}),
    }
    return respond(request, "signals/breach_list.html", "list", context)


def _name_of_chart(group: BreachGroup, drawn: Chart | None) -> str:
    """Return the first name of a snapshot of the evidence, such as "B-3 psi of age"."""
    return f"{group.reference} {drawn.series.display_name}" if drawn else ""


@require_safe
@view_needs("signals.view")
def breach_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    """Show a breach group: its breaches, its chart, the changes before it, the history."""
    groups: Any = (
        queries.groups()
        .visible_to(request.user)
        .select_related("model__subject", "model__owner_team", "merged_into__subject", "retraining__subject")
    )
    groups = groups.annotate(about_version=version_at(request.user, "opened_at"))
    groups = with_related(group_queries.with_day_before(groups, request.user))
    group = get_object_or_404(groups, subject__reference=reference.upper().replace("\x00", ""))
    page = page_of(group_queries.breaches_of(group), group_queries.BREACH_ORDER, request)
    group_queries.set_visibility(request.user, page.rows)
    drawn = group_queries.evidence(request.user, group, page.rows, at=clock.now())
    context = {
        "group": group,
        "page": page,
        "muted": muted_breaches(group, request.user) if group.is_muted else [],
        "chart": drawn,
        "chart_query": ChartPeriod(drawn.start, drawn.end).query if drawn else "",
        "may_snapshot": may(request.user, "signals.dashboard_add"),
        "snapshot_form": SnapshotForm(user=request.user, initial={"name": _name_of_chart(group, drawn)}),
        "before": group_queries.day_before(group),
        "retraining": group_queries.shown_retraining(request.user, group),
        "shown_model": group_queries.shown_model(request.user, group),
        "may_register": may(request.user, "catalogue.model_add"),
    }
    return respond(request, "signals/breach_detail.html", None, context)
