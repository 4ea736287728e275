"""The pages of ladders: everyone reads them, risk managers change them."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond
from pages.listing import reader_of, selection_of
from people.permissions import SignedInRequest
from risklog.filters.ladder import LADDERS
from risklog.forms.ladder import LadderForm, NewLadderForm, PreviewForm
from risklog.models import Ladder
from risklog.operations import ladder as operations
from risklog.queries import channels
from risklog.queries import escalation as escalation_queries
from risklog.queries import ladder as queries
from risklog.states import Severity


def address_of_list(_: Any = None) -> str:
    """Return the page that shows all ladders; a single ladder has no page of its own."""
    return reverse("risklog:ladder_list")


@require_safe
@view_needs("risklog.ladder_view")
def ladder_list(request: SignedInRequest) -> HttpResponse:
    """Show all ladders, and what would happen if something were escalated now.

    ?severity=, ?category=, ?team= and ?model= say what: the ladder that applies to it comes first.
    """
    selection = selection_of(request, LADDERS)
    asked = {name: values[0] for name, values in selection.values.items()}
    form = PreviewForm({"severity": Severity.WARNING, **asked}, auto_id="what_%s", user=request.user)
    if not form.is_valid():
        name = next(iter(form.errors))
        raise BadRequest(f"{name}: No such {name}. Choose one from the list.")
    values = form.cleaned_data
    question = queries.Question(
        severity=values["severity"],
        category_id=values["category"].pk if values["category"] else None,
        team=values["team"],
        model=values["model"],
    )
    previews = queries.previews(request.user, question, at=clock.now())
    context = {
        "previews": previews,
        "channels": channels.of_rows(call.staff.rung for one in previews for call in one.calls),
        "form": form,
        "question": question,
        "counts": escalation_queries.tab_counts(reader_of(request)),
        "may_change": may(request.user, "risklog.ladder_change"),
    }
    return respond(request, "risklog/ladder_list.html", "list", context)


def _ladder(request: SignedInRequest, pk: int) -> Ladder:
    return get_object_or_404(queries.for_pages(request.user), pk=pk)


@require_safe
@view_needs("risklog.ladder_view")
def ladder_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    """Redirect to the ladder's place on the page of all ladders."""
    ladder = get_object_or_404(Ladder.objects.visible_to(request.user), pk=pk)
    return go(request, f"{address_of_list()}#ladder-{ladder.pk}")


@require_http_methods(["GET", "POST"])
@view_needs("risklog.ladder_change")
def ladder_create(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        NewLadderForm(request.POST or None),
        operation=operations.add,
        address=address_of_list,
        show=flows.form_page(request, "risklog/ladder_edit.html"),
        message="Ladder created",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.ladder_change")
def ladder_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Publish a new version. Open escalations keep the version they started with."""
    ladder = _ladder(request, pk)
    return flows.step(
        request,
        ladder,
        LadderForm.of(ladder, request.POST or None),
        permission="risklog.ladder_change",
        operation=operations.change_rungs,
        address=address_of_list(),
        show=flows.form_page(request, "risklog/ladder_edit.html", ladder=ladder),
        message="New version saved",
    )


@require_POST
@view_needs("risklog.ladder_change")
def ladder_retire(request: SignedInRequest, pk: int) -> HttpResponse:
    ladder = _ladder(request, pk)
    return flows.press(
        request,
        ladder,
        permission="risklog.ladder_change",
        operation=operations.retire,
        address=address_of_list(),
        message=f"“{ladder.name}” is retired",
    )
