"""The pages of experiments: the list, one experiment, propose, edit, and its steps."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.models import Subject
from history.queries import with_related
from kit import clock
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond, toast
from pages.exporting import export_addresses, send_export
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import kept_filters, listing, selection_of
from pages.requests import actor
from pages.sight import change_sight
from people.permissions import SignedInRequest
from people.queries.restriction import offered_teams
from risklog.filters.experiment import EXPERIMENT_LIST, EXPERIMENTS
from risklog.forms.experiment import (
    CancelExperimentForm,
    EditExperimentForm,
    ExperimentPlanForm,
    ExperimentSightForm,
    FinishExperimentForm,
    NewExperimentForm,
    StartExperimentForm,
)
from risklog.forms.risk_of_pattern import RiskOfPatternForm
from risklog.models import Experiment
from risklog.operations import experiment as operations
from risklog.operations import experiment_draft
from risklog.operations.days import day_of
from risklog.operations.experiment_sight import restrict
from risklog.queries import experiment as queries
from risklog.queries import experiment_panel
from risklog.queries.experiment_export import EXPERIMENT_EXPORT
from risklog.states import ExperimentState
from saved import queries as saved

# A step in an address -> its form, operation and toast.
STEPS: dict[str, tuple[type[PageForm], Any, str]] = {
    "start": (StartExperimentForm, operations.start, "{} started. Its plan is fixed now."),
    "finish": (FinishExperimentForm, operations.finish, "Outcome of {} recorded"),
    "cancel": (CancelExperimentForm, operations.cancel, "{} cancelled"),
}


def address_of(experiment: Experiment) -> str:
    return reverse("risklog:experiment_detail", args=[experiment.reference])


@require_safe
@view_needs("risklog.experiment_view")
def experiment_list(request: SignedInRequest) -> HttpResponse:
    selection = selection_of(request, EXPERIMENTS)
    visible = queries.experiments().visible_to(request.user)
    shown = listing(request, EXPERIMENTS, visible, selection=selection)
    today = day_of(clock.now())
    rows = [
        {"experiment": row, "shown": queries.shown(request.user, row), "is_overdue": row.is_overdue(today)}
        for row in shown.page.rows
    ]
    context = {
        "listing": shown,
        "page": shown.page,
        "rows": rows,
        **saved.page_context(EXPERIMENT_LIST, request.user, selection),
        **kept_filters(shown, "state", "outcome", "due"),
        "exports": export_addresses(reverse("risklog:experiment_export"), selection),
        "may_add": may(request.user, "risklog.experiment_add"),
    }
    return respond(request, "risklog/experiment_list.html", "log", context)


@require_safe
@view_needs("risklog.experiment_view")
def experiment_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all experiments of the filtered list, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, EXPERIMENT_EXPORT, EXPERIMENT_LIST.rows)


def _experiment(request: SignedInRequest, reference: str) -> Experiment:
    rows = queries.experiments().visible_to(request.user)
    return get_object_or_404(rows, subject__reference=reference.upper())


@require_safe
@view_needs("risklog.experiment_view")
def experiment_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return _detail(request, reference)


def _detail(
    request: SignedInRequest,
    reference: str,
    *,
    refused: str = "",
    form: PageForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show an experiment. refused, form: the step that was refused, with its form."""
    rows = with_related(queries.experiments().visible_to(request.user))
    rows = rows.annotate(plan_rows=queries.plans_of_each())
    experiment = get_object_or_404(rows, subject__reference=reference.upper())
    forms = {step: form if step == refused and form else STEPS[step][0]() for step in STEPS}
    owners = [row.user for row in experiment.current_owners]
    context = {
        "experiment": experiment,
        "owners": owners,
        "shown": queries.shown(request.user, experiment),
        "plans": queries.plans_of(experiment.plan_rows),
        "runs": (runs := queries.runs_of(request.user, experiment)),
        "compared": queries.comparison_of(runs),
        "challenges": queries.challenges_of(request.user, experiment),
        "may_challenge": request.user not in owners and may(request.user, "risklog.experiment_challenge"),
        "is_owner": request.user in owners,
        **_follow_ups(request, experiment),
        "is_overdue": experiment.is_overdue(day_of(clock.now())),
        "lacks_values": queries.lacks_values(experiment),
        "may_change": may(request.user, "risklog.experiment_change", experiment),
        "refused": refused,
        "forms": forms,
    }
    return respond(request, "risklog/experiment_detail.html", None, context, status=status)


def _follow_ups(request: SignedInRequest, experiment: Experiment) -> dict[str, Any]:
    """Return what the page needs to go on from a result: the threshold of its metric, and the conclusion."""
    if experiment.state != ExperimentState.FINISHED or not may(request.user, "risklog.experiment_add"):
        return {"may_follow": False}
    outcome = experiment.get_outcome_display()
    return {
        "may_follow": True,
        "threshold": experiment_panel.threshold_of(request.user, experiment),
        "conclusion": f"{experiment.reference}: {outcome}. {experiment.decision_rule}"[:400],
    }


@require_http_methods(["GET", "POST"])
@view_needs("risklog.experiment_add")
def experiment_create(request: SignedInRequest) -> HttpResponse:
    """Propose an experiment. `?about=` (a reference) presets what it came from."""
    initial = {"about": request.GET.get("about", "")[:24]}
    return flows.create(
        request,
        NewExperimentForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.propose,
        address=address_of,
        show=form_page(request, "risklog/experiment_create.html"),
        message="Experiment proposed",
    )


@require_POST
@view_needs("risklog.experiment_add")
def experiment_from(request: SignedInRequest, reference: str) -> HttpResponse:
    """Propose an experiment from an object, such as a risk or an incident, or open its unfinished one."""
    about = get_object_or_404(Subject.objects.visible_to(request.user), reference=reference.upper())
    return _drafted(request, lambda **act: experiment_draft.add_from(about, **act), back=url_of(about))


@require_POST
@view_needs("risklog.experiment_add")
def experiment_from_pattern(request: SignedInRequest) -> HttpResponse:
    """Propose an experiment from a pattern of breaches, or open the unfinished one that it has."""
    back = reverse("signals:pattern_list")
    form = RiskOfPatternForm(request.POST)
    if not form.is_valid():
        return toast(request, go(request, back), "Choose a pattern of this page.")
    asked = form.cleaned_data
    add = partial(experiment_draft.add_from_pattern, asked["pattern"], days=asked["days"])
    return _drafted(request, add, back=back)


def _drafted(
    request: SignedInRequest, add: Callable[..., tuple[Experiment, bool]], *, back: str
) -> HttpResponse:
    """Run add(by=, at=) and go to the experiment; with its refusal to the page `back`."""
    try:
        made, is_new = add(by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    message = f"{made.reference} proposed. Please complete its plan."
    if not is_new:
        message = f"{made.reference} exists already."
    return toast(request, go(request, address_of(made)), message)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.experiment_change")
def experiment_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    experiment = _experiment(request, reference)
    return flows.edit(
        request,
        experiment,
        EditExperimentForm.of(experiment, request.POST or None, user=request.user),
        permission="risklog.experiment_change",
        operation=operations.change,
        address=address_of(experiment),
        show=form_page(request, "risklog/experiment_edit.html", experiment=experiment),
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.experiment_change")
def experiment_plan(request: SignedInRequest, reference: str) -> HttpResponse:
    """Change the fixed plan of a running experiment, with the reason."""
    experiment = _experiment(request, reference)
    return flows.step(
        request,
        experiment,
        ExperimentPlanForm.of(experiment, request.POST or None),
        permission="risklog.experiment_change",
        operation=operations.change_plan,
        address=address_of(experiment),
        show=form_page(request, "risklog/experiment_plan.html", experiment=experiment),
        message=lambda: f"Version {experiment.plan_number} of the plan is in force",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.experiment_change")
def experiment_sight(request: SignedInRequest, reference: str) -> HttpResponse:
    """Choose who may see an experiment. The user may lose access by that."""
    experiment = _experiment(request, reference)
    data = request.POST if request.method == "POST" else None

    return change_sight(
        request,
        experiment,
        ExperimentSightForm.of(experiment, data, teams=offered_teams(experiment)),
        permission="risklog.experiment_change",
        operation=restrict,
        page_url=address_of(experiment),
        list_url=reverse("risklog:experiment_list"),
    )


@require_POST
@view_needs("risklog.experiment_change")
def experiment_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Start, finish or cancel an experiment."""
    experiment = _experiment(request, reference)
    form, operation, message = STEPS[step]

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, reference, refused=step, form=form, status=status)

    return flows.step(
        request,
        experiment,
        form(request.POST),
        permission="risklog.experiment_change",
        operation=operation,
        address=address_of(experiment),
        show=show,
        message=message.format(experiment.reference),
    )
