"""The pages of recognitions: the feed, a recognition with its chart, giving, editing, withdrawing."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit.rights import may, view_needs
from learnings.filters.recognition import SPEC
from learnings.forms.recognition import NewRecognitionForm, RecognitionForm, WithdrawForm
from learnings.models import Recognition
from learnings.operations import recognition as operations
from learnings.queries import recognition as queries
from learnings.states import RecognitionState
from pages import charts, flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest


def address_of(recognition: Recognition) -> str:
    return reverse("learnings:recognition_detail", args=[recognition.pk])


@require_safe
@view_needs("learnings.recognition_view")
def recognition_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the recognitions, newest first; withdrawn ones only if the query asks for them."""
    selection = selection_of(request, SPEC)
    rows = queries.recognitions().visible_to(request.user)
    if "state" not in selection.values:
        rows = rows.filter(state=RecognitionState.GIVEN)
    shown = listing(request, SPEC, rows, selection=selection)
    queries.set_visibility(request.user, shown.page.rows)
    context = {
        "listing": shown,
        "page": shown.page,
        "is_mine": selection.texts.get("person", "") == "me",
        "may_thank": may(request.user, "learnings.recognition_give"),
    }
    return respond(request, "learnings/recognition_list.html", "list", context)


def _recognition(request: SignedInRequest, pk: int) -> Recognition:
    return get_object_or_404(queries.recognitions().visible_to(request.user), pk=pk)


@require_safe
@view_needs("learnings.recognition_view")
def recognition_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _detail(request, _recognition(request, pk), WithdrawForm(), 200)


def _detail(request: SignedInRequest, recognition: Recognition, form: PageForm, status: int) -> HttpResponse:
    queries.set_visibility(request.user, [recognition])
    context: dict[str, Any] = {
        "recognition": recognition,
        "chart": _chart(recognition) if recognition.shows_metric else "",
        "may_change": may(request.user, "learnings.recognition_change", recognition),
        "form": form,
    }
    return respond(request, "learnings/recognition_detail.html", None, context, status=status)


def _chart(recognition: Recognition) -> SafeString | str:
    """Draw the metric before and after the change, "" for typed figures."""
    chart = queries.chart(recognition)
    if chart is None:
        return ""
    drawn: SafeString = charts.line_chart(
        key="metric",
        title=chart.name,
        lines=[
            charts.ChartLine("Before", chart.before, "quiet"),
            charts.ChartLine("After", chart.after, "good"),
        ],
        marks=[charts.Mark(chart.changed_at, "Changed")],
        start=chart.start,
        end=chart.end,
        unit=chart.unit,
    )
    return drawn


@require_http_methods(["GET", "POST"])
@view_needs("learnings.recognition_give")
def recognition_create(request: SignedInRequest) -> HttpResponse:
    """Give a recognition. `?about=R-3` presets the outcome, whose metrics can be chosen."""
    initial = {"about": request.GET.get("about", "")[:24]}
    return flows.create(
        request,
        NewRecognitionForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.give,
        address=address_of,
        show=form_page(request, "learnings/recognition_create.html"),
        message="Recognition given",
    )


@require_http_methods(["GET", "POST"])
@view_needs("learnings.recognition_change")
def recognition_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    recognition = _recognition(request, pk)
    return flows.edit(
        request,
        recognition,
        RecognitionForm.of(recognition, request.POST or None),
        permission="learnings.recognition_change",
        operation=operations.change,
        address=address_of(recognition),
        show=form_page(request, "learnings/recognition_edit.html", recognition=recognition),
    )


@require_POST
@view_needs("learnings.recognition_change")
def recognition_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    recognition = _recognition(request, pk)
    return flows.step(
        request,
        recognition,
        WithdrawForm(request.POST),
        permission="learnings.recognition_change",
        operation=operations.withdraw,
        address=address_of(recognition),
        show=lambda form, status: _detail(request, _recognition(request, pk), form, status),
        message="Recognition withdrawn",
    )
