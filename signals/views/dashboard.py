"""The pages of dashboards: the list, one dashboard, its versions, and the ones that Riskhub makes itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.models import Model, Version
from catalogue.queries import model as models
from catalogue.queries import version as versions_of_model
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.listing import listing, selection_of
from people.models import Team
from people.permissions import SignedInRequest
from signals.dashboards import ChartPeriod
from signals.filters.dashboard import DASHBOARDS
from signals.forms.dashboard import BackForm, DashboardForm, NewDashboardForm, SnapshotForm
from signals.models import Dashboard, Snapshot
from signals.operations import dashboard as operations
from signals.queries import chart
from signals.queries import dashboard as queries
from signals.states import SignalKind
from signals.views.asked import span_of

MAX_MODELS = 12
MAX_VERSIONS = 50
STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "retire": (operations.retire, "{} retired"),
    "restore": (operations.restore, "{} restored"),
}


@dataclass(frozen=True, slots=True)
class ShownDashboard:
    """A dashboard as its page shows it. dashboard: None for one that Riskhub makes. path: of its page."""

    title: str
    panels: Sequence[dict[str, Any]]
    path: str
    dashboard: Dashboard | None = None
    model: Model | None = None
    details: str = ""


def address_of(dashboard: Dashboard) -> str:
    return reverse("signals:dashboard_detail", args=[dashboard.pk])


def address_of_snapshot(snapshot: Snapshot) -> str:
    return reverse("signals:snapshot_detail", args=[snapshot.pk])


@require_safe
@view_needs("signals.view")
def dashboard_list(request: SignedInRequest) -> HttpResponse:
    """Show the dashboards of people. Retired ones are shown only if the query asks for them."""
    selection = selection_of(request, DASHBOARDS)
    rows = queries.dashboards(request.user)
    if "is_retired" not in selection.values:
        rows = rows.filter(is_retired=False)
    shown = listing(request, DASHBOARDS, rows, selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "kinds": SignalKind.choices,
        "models": models.models().visible_to(request.user)[:MAX_MODELS],
        "may_add": may(request.user, "signals.dashboard_add"),
    }
    return respond(request, "signals/dashboard_list.html", "rows", context)


# ------------------------------------------------------------------ one dashboard


@require_safe
@view_needs("signals.view")
def dashboard_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a dashboard. `?version=` shows the panels of an earlier version."""
    return _page(request, _board_of(request, _dashboard(request, pk)))


@require_safe
@view_needs("signals.view")
def dashboard_of_model(request: SignedInRequest, slug: str) -> HttpResponse:
    return _page(request, _board_of_model(request, slug))


@require_safe
@view_needs("signals.view")
def dashboard_of_team(request: SignedInRequest, slug: str) -> HttpResponse:
    return _page(request, _board_of_team(request, slug))


@require_safe
@view_needs("signals.view")
def dashboard_of_focus(request: SignedInRequest, kind: str) -> HttpResponse:
    return _page(request, _board_of_focus(request, kind))


def _dashboard(request: SignedInRequest, pk: int) -> Any:
    return get_object_or_404(queries.dashboards(request.user), pk=pk)


def _board_of(request: SignedInRequest, dashboard: Any) -> ShownDashboard:
    panels, details = dashboard.current_panels, ""
    number = request.GET.get("version", "")
    if number:
        version = dashboard.versions.filter(number=number).first() if number.isdecimal() else None
        if version is None:
            raise Http404
        panels = version.panels
        details = f"Version {version.number}" if not version.is_current else ""
    details = details or dashboard.purpose
    return ShownDashboard(dashboard.name, panels, address_of(dashboard), dashboard, dashboard.model, details)


def _board_of_model(request: SignedInRequest, slug: str) -> ShownDashboard:
    model = get_object_or_404(models.models().visible_to(request.user), slug=slug)
    path = reverse("signals:dashboard_of_model", args=[model.slug])
    panels = queries.panels_of_models(request.user, [model])
    return ShownDashboard(model.name, panels, path, model=model, details=model.purpose.split("\n")[0][:200])


def _board_of_team(request: SignedInRequest, slug: str) -> ShownDashboard:
    team = get_object_or_404(Team.objects.visible_to(request.user), slug=slug)
    path = reverse("signals:dashboard_of_team", args=[team.slug])
    owned = models.models().visible_to(request.user).filter(owner_team=team)[:MAX_MODELS]
    return ShownDashboard(team.name, queries.panels_of_models(request.user, list(owned)), path)


def _board_of_focus(request: SignedInRequest, kind: str) -> ShownDashboard:
    if kind not in SignalKind.values:
        raise Http404
    path = reverse("signals:dashboard_of_focus", args=[kind])
    shown = list(models.models().visible_to(request.user)[:200])
    panels = queries.panels_of_models(request.user, shown, kind)
    return ShownDashboard(f"Focus: {SignalKind(kind).label.lower()}", panels, path)


def _page(
    request: SignedInRequest, board: ShownDashboard, form: SnapshotForm | None = None, *, status: int = 200
) -> HttpResponse:
    versions = _versions_of(request, board)
    period, errors = span_of(request, versions)
    context = {
        "board": board,
        "dashboard": board.dashboard,
        "pictures": queries.pictures(request.user, board.panels, period) if board.panels else [],
        "period": period,
        "periods": chart.PERIODS,
        "compared": request.GET.get("compare", "") if period.is_compared else "",
        "compared_versions": versions,
        "errors": errors,
        "form": form or SnapshotForm(user=request.user, initial=_initial_snapshot(request, board)),
        "link": f"{board.path}?{_query(request, board, period)}",
        "query": _query(request, board, period),
        "may_snapshot": may(request.user, "signals.dashboard_add"),
        "may_change": bool(board.dashboard)
        and may(request.user, "signals.dashboard_change", board.dashboard),
    }
    return respond(request, "signals/dashboard_detail.html", None, context, status=status)


def _initial_snapshot(request: SignedInRequest, board: ShownDashboard) -> dict[str, str]:
    """Return what the form of a snapshot begins with. ?pin= names the object that led here."""
    return {"name": board.title, "pinned_to": request.GET.get("pin", "")[:24]}


def _versions_of(request: SignedInRequest, board: ShownDashboard) -> list[Version]:
    """Return the newest versions of the model of a dashboard, with which it can be compared."""
    return versions_of_model.newest_of(request.user, board.model) if board.model else []


def _query(request: SignedInRequest, board: ShownDashboard, period: ChartPeriod) -> str:
    """Return the query that shows the same period and the same version again."""
    shown = {"from": period.start.isoformat(), "until": period.end.isoformat()}
    if period.is_compared:
        shown["compare"] = request.GET["compare"]
    if board.dashboard is not None:
        shown["version"] = request.GET.get("version") or str(getattr(board.dashboard, "number", ""))
    return urlencode(shown)


# ------------------------------------------------------------------ writing


@require_http_methods(["GET", "POST"])
@view_needs("signals.dashboard_add")
def dashboard_create(request: SignedInRequest) -> HttpResponse:
    """Add a dashboard. `?model=` (a slug) starts it with the panels of this model."""
    model = models.models().visible_to(request.user).filter(slug=request.GET.get("model", "")).first()
    return flows.create(
        request,
        NewDashboardForm(
            request.POST or None,
            user=request.user,
            panels=queries.panels_of_models(request.user, [model]) if model else (),
            initial={"model": model, "name": model.name if model else ""},
        ),
        operation=operations.add,
        address=address_of,
        show=flows.form_page(request, "signals/dashboard_edit.html"),
        message="Dashboard added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("signals.dashboard_change")
def dashboard_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a dashboard. Other panels make a new version."""
    dashboard = _dashboard(request, pk)
    return flows.edit(
        request,
        dashboard,
        DashboardForm.of(dashboard, request.POST or None, user=request.user),
        permission="signals.dashboard_change",
        operation=operations.change,
        address=address_of(dashboard),
        show=flows.form_page(request, "signals/dashboard_edit.html", changed=dashboard),
    )


@require_safe
@view_needs("signals.view")
def dashboard_versions(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show who changed the panels, and when."""
    return _versions_page(request, pk)


def _versions_page(
    request: SignedInRequest, pk: int, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    dashboard = _dashboard(request, pk)
    context = {
        "dashboard": dashboard,
        "versions": queries.versions(dashboard)[:MAX_VERSIONS],
        "may_change": may(request.user, "signals.dashboard_change", dashboard),
        "refusal": refusal,
    }
    return respond(request, "signals/dashboard_versions.html", None, context, status=status)


@require_POST
@view_needs("signals.dashboard_change")
def dashboard_go_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the panels of an earlier version again."""
    dashboard = _dashboard(request, pk)
    return flows.step(
        request,
        dashboard,
        BackForm(request.POST),
        permission="signals.dashboard_change",
        operation=operations.go_back,
        address=address_of(dashboard),
        show=lambda form, status: _versions_page(request, pk, refusal=form.first_error, status=status),
        message="Dashboard changed",
    )


@require_POST
@view_needs("signals.dashboard_change")
def dashboard_step(request: SignedInRequest, pk: int, name: str) -> HttpResponse:
    dashboard = _dashboard(request, pk)
    operation, message = STEPS[name]
    return flows.press(
        request,
        dashboard,
        permission="signals.dashboard_change",
        operation=operation,
        address=address_of(dashboard),
        message=message.format(dashboard.name),
    )


# ------------------------------------------------------------------ snapshots


@require_POST
@view_needs("signals.dashboard_add")
def snapshot_create(request: SignedInRequest, pk: int) -> HttpResponse:
    return _take(request, _board_of(request, _dashboard(request, pk)))


@require_POST
@view_needs("signals.dashboard_add")
def snapshot_of_model(request: SignedInRequest, slug: str) -> HttpResponse:
    return _take(request, _board_of_model(request, slug))


@require_POST
@view_needs("signals.dashboard_add")
def snapshot_of_team(request: SignedInRequest, slug: str) -> HttpResponse:
    return _take(request, _board_of_team(request, slug))


@require_POST
@view_needs("signals.dashboard_add")
def snapshot_of_focus(request: SignedInRequest, kind: str) -> HttpResponse:
    return _take(request, _board_of_focus(request, kind))


def _take(request: SignedInRequest, board: ShownDashboard) -> HttpResponse:
    """Keep what the board shows in the period of the query."""
    period, _ = span_of(request, _versions_of(request, board))

    def take(**given: Any) -> Snapshot:
        return operations.take_snapshot(
            queries.pictures(request.user, board.panels, period),
            period=period,
            link=f"{board.path}?{_query(request, board, period)}",
            dashboard=board.dashboard,
            model=board.model,
            **given,
        )

    return flows.create(
        request,
        SnapshotForm(request.POST, user=request.user),
        operation=take,
        address=address_of_snapshot,
        show=lambda form, status: _page(request, board, form, status=status),
        message="Snapshot taken",
    )
