"""The page of a function: its people, who is on duty, and its duty roster."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from history import queries as history
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, toast
from pages.flows import Show
from pages.forms import PageForm
from pages.requests import actor
from people import forms, queries
from people.models import DutyRoster, Function
from people.operations import calendar_reading
from people.operations import roster as operations
from people.permissions import SignedInRequest
from people.queries import duty as duties


@require_safe
@view_needs("people.person_view")
def function_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _page(request, _function(pk))


@require_POST
@view_needs("people.administrate")
def roster_add(request: SignedInRequest, pk: int) -> HttpResponse:
    function = _function(pk)
    return flows.create(
        request,
        forms.RosterForm(request.POST),
        operation=partial(operations.add, function=function),
        address=lambda _: address_of(function),
        show=_page_with(request, function, "form"),
        message="Duty roster added",
    )


@require_POST
@view_needs("people.administrate")
def calendar_add(request: SignedInRequest, pk: int) -> HttpResponse:
    function = _function(pk)
    return flows.create(
        request,
        forms.CalendarForm(request.POST),
        operation=partial(operations.add, function=function),
        address=lambda _: address_of(function),
        show=_page_with(request, function, "calendar_form"),
        message="Calendar added. It is read within a minute.",
    )


@require_POST
@view_needs("people.administrate")
def calendar_read(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a worker read the calendar now."""
    roster = _roster(pk)
    back = go(request, address_of(roster.function))
    try:
        calendar_reading.ask(roster, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, back, refusal.message)
    return toast(request, back, "The calendar is read within a minute")


@require_POST
@view_needs("people.administrate")
def roster_change(request: SignedInRequest, pk: int) -> HttpResponse:
    return flows.edit(
        request,
        roster := _roster(pk),
        (forms.CalendarForm if roster.is_calendar else forms.RosterForm)(request.POST),
        permission="people.administrate",
        operation=operations.change,
        address=address_of(roster.function),
        show=_page_with(request, roster.function, "calendar_form" if roster.is_calendar else "form"),
    )


@require_POST
@view_needs("people.administrate")
def roster_end(request: SignedInRequest, pk: int) -> HttpResponse:
    return flows.press(
        request,
        roster := _roster(pk),
        permission="people.administrate",
        operation=operations.end,
        address=address_of(roster.function),
        message="Duty roster ended. Ladders notify everyone with this function again.",
    )


def address_of(function: Function) -> str:
    return reverse("people:function_detail", args=[function.pk])


def _function(pk: int) -> Function:
    return get_object_or_404(Function.objects.select_related("subject"), pk=pk)


def _roster(pk: int) -> DutyRoster:
    return get_object_or_404(DutyRoster.objects.select_related("function__subject"), function=pk)


def _page_with(request: SignedInRequest, function: Function, name: str) -> Show:
    def show(form: PageForm, status: int) -> HttpResponse:
        return _page(request, function, status, **{name: form})

    return show


def _page(request: SignedInRequest, function: Function, status: int = 200, **given: Any) -> HttpResponse:
    roster = DutyRoster.objects.filter(function=function).first()
    plan = duties.duty_plans([roster.pk], at=clock.now())[roster.pk] if roster else []
    members = list(queries.people().filter(function=function))
    context: dict[str, Any] = {
        "function": function,
        "members": members,
        "roster": roster,
        "now": next((duty for duty in plan if duty.is_now), None),
        "plan": plan,
        "reading": duties.calendar_readings([roster.pk]).get(roster.pk) if roster else None,
        "timeline": list(history.timeline(function.subject_id).visible_to(request.user)[:50]),
    }
    if may(request.user, "people.administrate"):
        if roster is None or not roster.is_calendar:
            context["form"] = forms.RosterForm(initial=forms.RosterForm.starting_from(roster, members))
        if roster is None or roster.is_calendar:
            address = {"calendar_url": roster.calendar_url if roster else ""}
            context["calendar_form"] = forms.CalendarForm(initial=address)
    return render(request, "people/function_detail.html", context | given, status=status)
