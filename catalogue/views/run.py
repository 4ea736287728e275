"""The pages of runs: the list, one run, two compared, record, finish and edit."""

from functools import partial
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.comparing import flat
from catalogue.filters.run import COMPARISON, RUNS
from catalogue.forms.run import FinishRunForm, NewRunForm, RunNoteForm
from catalogue.models import Run
from catalogue.operations import run as operations
from catalogue.queries import run as run_queries
from catalogue.queries import workflow as workflow_queries
from catalogue.queries.run_export import RUN_EXPORT
from catalogue.recipes import is_web_address
from catalogue.states import RunState
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.exporting import export_addresses, send_export
from pages.flows import form_page
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest


def address_of_run(run: Run) -> str:
    return reverse("catalogue:run_detail", args=[run.pk])


def _run(request: SignedInRequest, pk: int) -> Run:
    return get_object_or_404(run_queries.runs(request.user), pk=pk)


@require_safe
@view_needs("catalogue.view")
def run_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, RUNS, run_queries.runs(request.user))
    exports = export_addresses(reverse("catalogue:run_export"), shown.selection)
    context = {"listing": shown, "page": shown.page, "exports": exports}
    return respond(request, "catalogue/run_list.html", "rows", context)


@require_safe
@view_needs("catalogue.view")
def run_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all runs of the filtered list, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, RUN_EXPORT, lambda selection, reader: Run.objects.visible_to(reader.user))


@require_safe
@view_needs("catalogue.view")
def run_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    is_repeatable = run.state == RunState.SUCCEEDED and bool(run.metrics)
    context = {
        "run": run,
        "workflow": run.workflow,
        "parameters": flat(run.parameters),
        "artefacts": [(one, is_web_address(one["link"])) for one in run.artefacts],
        "obstacles": operations.why_not_reproduced(run) if run.is_reproduced is False else [],
        "repetitions": run_queries.repetitions(request.user, run),
        "others": run_queries.others(request.user, run),
        "may_change": may(request.user, "catalogue.run_change", run),
        "may_repeat": is_repeatable and may(request.user, "catalogue.run_add", run.workflow),
    }
    return respond(request, "catalogue/run_detail.html", None, context)


@require_safe
@view_needs("catalogue.view")
def run_compare(request: SignedInRequest) -> HttpResponse:
    """Show `?left=` and `?right=` (numbers) side by side. `?same=true` shows what is the same, too."""
    asked = selection_of(request, COMPARISON).values
    left, right = (_run(request, asked[side][0]) for side in ("left", "right"))
    sections = run_queries.comparison(left, right)
    shows_all = asked.get("same") == (True,)
    shown = [(section, section.pairs if shows_all else section.differing) for section in sections]
    context = {
        "left": left,
        "right": right,
        "sections": [(section, pairs) for section, pairs in shown if pairs],
        "shows_all": shows_all,
        "number": sum(len(section.differing) for section in sections),
    }
    return respond(request, "catalogue/run_compare.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.run_add")
def run_create(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record a run of a workflow. `?repeats=` (a number) presets the run that it repeats."""
    workflow = get_object_or_404(workflow_queries.workflows(request.user), pk=pk)
    text = request.GET.get("repeats", "")
    repeated = (
        run_queries.runs(request.user).filter(workflow=workflow, pk=text).first() if _is_id(text) else None
    )
    initial: dict[str, Any] = {}
    if repeated:
        initial = {"parameters": repeated.parameters, "data_set": repeated.data_set, "code": repeated.code}
    return flows.create(
        request,
        NewRunForm(
            request.POST or None, workflow=workflow, user=request.user, repeats=repeated, initial=initial
        ),
        operation=partial(operations.record, workflow=workflow),
        address=address_of_run,
        show=form_page(request, "catalogue/run_create.html", workflow=workflow),
        message="Run recorded",
    )


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.run_change")
def run_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    return flows.edit(
        request,
        run,
        RunNoteForm.of(run, request.POST or None, user=request.user),
        permission="catalogue.run_change",
        operation=operations.change,
        address=address_of_run(run),
        show=form_page(request, "catalogue/run_edit.html", run=run),
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.run_change")
def run_finish(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record the end of a running run."""
    run = _run(request, pk)
    return flows.step(
        request,
        run,
        FinishRunForm(request.POST or None),
        permission="catalogue.run_change",
        operation=operations.finish,
        address=address_of_run(run),
        show=form_page(request, "catalogue/run_finish.html", run=run),
        message=f"Run {run.name} has ended",
    )
