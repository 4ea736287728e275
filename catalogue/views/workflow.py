"""The pages of workflows: the list, one workflow, its versions, add and edit."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.workflow import WORKFLOW_VERSIONS, WORKFLOWS
from catalogue.forms.workflow import EditWorkflowForm, NewWorkflowForm
from catalogue.models import Model, Workflow
from catalogue.operations import workflow as operations
from catalogue.queries import run as run_queries
from catalogue.queries import version as version_queries
from catalogue.queries import workflow as workflow_queries
from catalogue.queries.run_export import WORKFLOW_EXPORT
from catalogue.queries.workflow_audit import audit
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from lists import filtering
from lists.specification import Reader, Selection
from pages import flows
from pages.answers import respond
from pages.exporting import export_addresses, send_export
from pages.flows import form_page
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest

STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "retire": (operations.retire, "{} retired"),
    "restore": (operations.restore, "{} restored"),
}


def address_of_workflow(workflow: Workflow) -> str:
    return reverse("catalogue:workflow_detail", args=[workflow.pk])


def _workflow(request: SignedInRequest, pk: int) -> Workflow:
    return get_object_or_404(workflow_queries.workflows(request.user), pk=pk)


@require_safe
@view_needs("catalogue.view")
def workflow_list(request: SignedInRequest) -> HttpResponse:
    """Show the workflows. Retired ones are shown only if the query asks for them."""
    selection = selection_of(request, WORKFLOWS)
    rows = workflow_queries.workflows(request.user)
    if "is_retired" not in selection.values:
        rows = rows.filter(is_retired=False)
    shown = listing(request, WORKFLOWS, rows, selection=selection)
    run_queries.set_freshness(shown.page.rows, clock.now())
    context = {
        "listing": shown,
        "page": shown.page,
        "exports": export_addresses(reverse("catalogue:workflow_export"), shown.selection),
        "may_add": may(request.user, "catalogue.model_change"),
    }
    return respond(request, "catalogue/workflow_list.html", "rows", context)


@require_safe
@view_needs("catalogue.view")
def workflow_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all workflows of the filtered list, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, WORKFLOW_EXPORT, _listed)


def _listed(selection: Selection, reader: Reader) -> QuerySet[Workflow]:
    return workflow_queries.exported(reader.user, selection)


@require_safe
@view_needs("catalogue.view")
def workflow_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a workflow. `?number=` shows an earlier version of its recipe."""
    workflow = _workflow(request, pk)
    version = workflow_queries.version_numbered(workflow, _number(request))
    if version is None:
        raise Http404
    run_queries.set_freshness([workflow], clock.now())
    context = {
        "workflow": workflow,
        "model": workflow.model,
        "runs": run_queries.of_workflow(request.user, workflow),
        "may_run": may(request.user, "catalogue.run_add", workflow),
        "recipe": version,
        "lines": version_queries.configuration_lines(version.configuration),
        "versions": workflow_queries.versions(workflow)[: workflow_queries.SHOWN_VERSIONS],
        "may_change": may(request.user, "catalogue.workflow_change", workflow),
    }
    return respond(request, "catalogue/workflow_detail.html", None, context)


def _number(request: SignedInRequest) -> int | None:
    """Return the number of the version that the query names, None without one. Raises Http404."""
    if not (text := request.GET.get("number")):
        return None
    try:
        return min(filtering.number(text), 2**31 - 1)
    except ValueError:
        raise Http404 from None


@require_safe
@view_needs("catalogue.view")
def workflow_versions(request: SignedInRequest, pk: int) -> HttpResponse:
    """List all versions of the recipe of a workflow."""
    workflow = _workflow(request, pk)
    shown = listing(request, WORKFLOW_VERSIONS, workflow_queries.versions(workflow))
    context = {"workflow": workflow, "listing": shown, "page": shown.page}
    return respond(request, "catalogue/workflow_versions.html", "rows", context)


@require_safe
@view_needs("catalogue.view")
def workflow_audit(request: SignedInRequest, pk: int) -> StreamingHttpResponse:
    """Send the audit export of a workflow: all versions of its recipe, all its runs, and its history."""
    workflow = _workflow(request, pk)
    answer = StreamingHttpResponse(
        audit(request.user, workflow, clock.now()), content_type="application/json"
    )
    name = f"workflow-{workflow.pk}-{clock.today()}.json"
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def workflow_create(request: SignedInRequest) -> HttpResponse:
    """Add a workflow. `?model=` (a slug) presets the model."""
    slug = request.GET.get("model", "")[:120]
    model = Model.objects.visible_to(request.user).filter(slug=slug).first() if slug else None
    initial = {"model": model, "owner": request.user.pk}

    def add(*, model: Model, **values: Any) -> Workflow:
        if not may(request.user, "catalogue.model_change", model):
            raise Refused("Only its team and risk managers may add a workflow to this model.", field="model")
        return operations.add(model=model, **values)

    return flows.create(
        request,
        NewWorkflowForm(request.POST or None, user=request.user, initial=initial),
        operation=add,
        address=address_of_workflow,
        show=form_page(request, "catalogue/workflow_create.html"),
        message="Workflow added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.workflow_change")
def workflow_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    workflow = _workflow(request, pk)
    current = workflow_queries.version_numbered(workflow, None)
    assert current is not None, "every workflow has a current version"
    return flows.edit(
        request,
        workflow,
        EditWorkflowForm.of(workflow, current, request.POST or None, user=request.user),
        permission="catalogue.workflow_change",
        operation=operations.change,
        address=address_of_workflow(workflow),
        show=form_page(request, "catalogue/workflow_edit.html", workflow=workflow),
    )


@require_POST
@view_needs("catalogue.workflow_change")
def workflow_step(request: SignedInRequest, pk: str, step: str) -> HttpResponse:
    """Retire or restore a workflow."""
    workflow = _workflow(request, int(pk))
    operation, message = STEPS[step]
    return flows.press(
        request,
        workflow,
        permission="catalogue.workflow_change",
        operation=operation,
        address=address_of_workflow(workflow),
        message=message.format(workflow.name),
    )
