"""The feed of check-ins, one check-in, and what is made of it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import show
from kit import clock
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import may, view_needs
from meetings.filters import CHECK_INS
from meetings.forms import AttachForm, CheckInForm, NewCheckInForm
from meetings.models import CheckIn
from meetings.operations import check_in as operations
from meetings.operations.investigation import attach
from meetings.queries import check_in as queries
from meetings.states import CheckInKind
from pages import flows
from pages.answers import back_to, go, respond, toast
from pages.forms import PageForm
from pages.listing import listing, selection_of
from pages.requests import actor
from people.permissions import SignedInRequest


def address_of(check_in: CheckIn) -> str:
    return reverse("meetings:check_in_detail", args=[check_in.pk])


@require_safe
@view_needs("meetings.check_in_view")
def check_in_list(request: SignedInRequest) -> HttpResponse:
    """The feed, newest first, with the form for a new one."""
    return _feed(request, NewCheckInForm(user=request.user), 200)


def _feed(request: SignedInRequest, form: PageForm, status: int) -> HttpResponse:
    selection = selection_of(request, CHECK_INS).in_order("-noted_at")
    shown = listing(request, CHECK_INS, queries.check_ins(request.user), selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "form": form,
        "kinds": CheckInKind.choices,
        "kind": selection.texts.get("kind", ""),
        "q": selection.texts.get("q", ""),
        "is_narrowed": bool(selection.values),
        "may_note": may(request.user, "meetings.check_in_note"),
    }
    return respond(request, "meetings/check_in_list.html", "list", context, status=status)


@require_POST
@view_needs("meetings.check_in_note")
def check_in_create(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        NewCheckInForm(request.POST, user=request.user),
        operation=operations.note,
        address=lambda check_in: reverse("meetings:check_in_list"),
        show=lambda form, status: _feed(request, form, status),
        message="Noted",
    )


def _check_in(request: SignedInRequest, pk: int) -> CheckIn:
    return get_object_or_404(queries.check_ins(request.user), pk=pk)


@require_safe
@view_needs("meetings.check_in_view")
def check_in_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    check_in = _check_in(request, pk)
    return _detail(request, check_in, AttachForm(user=request.user), 200)


def _detail(request: SignedInRequest, check_in: CheckIn, form: PageForm, status: int) -> HttpResponse:
    risk = check_in.risk
    show(request.user, [check_in])
    context: dict[str, Any] = {
        "check_in": check_in,
        "attach_form": form,
        "risk": risk if risk and risk.subject.is_visible_to(request.user) else None,
        "may_change": may(request.user, "meetings.check_in_change", check_in),
        "may_note": may(request.user, "meetings.check_in_note", check_in),
    }
    return respond(request, "meetings/check_in_detail.html", None, context, status=status)


@require_POST
@view_needs("meetings.check_in_note")
def check_in_attach(request: SignedInRequest, pk: int) -> HttpResponse:
    """Attach it to an investigation, or detach it."""
    check_in = _check_in(request, pk)
    return flows.step(
        request,
        check_in,
        AttachForm(request.POST, user=request.user),
        permission="meetings.check_in_note",
        operation=attach,
        address=address_of(check_in),
        show=lambda form, status: _detail(request, _check_in(request, pk), form, status),
        message="Saved",
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.check_in_change")
def check_in_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    check_in = _check_in(request, pk)
    return flows.edit(
        request,
        check_in,
        CheckInForm.of(check_in, request.POST or None),
        permission="meetings.check_in_change",
        operation=operations.change,
        address=address_of(check_in),
        show=flows.form_page(request, "meetings/check_in_edit.html", check_in=check_in),
    )


@require_POST
@view_needs("meetings.check_in_note")
def check_in_place(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put it on the agenda of a suitable meeting."""
    check_in = _check_in(request, pk)
    back = back_to(request, address_of(check_in))
    try:
        item = operations.place(check_in, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    return toast(request, go(request, back), f"Added to {item.meeting.reference}")


@require_POST
@view_needs("meetings.check_in_note")
def check_in_act(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make an action of it."""
    action = operations.act_on(_check_in(request, pk), by=actor(request), at=clock.now())
    return toast(request, go(request, url_of(action.subject)), f"{action.reference} created. Give it a date.")


@require_POST
@view_needs("meetings.check_in_note")
def check_in_experiment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Propose an experiment from it."""
    made, is_new = operations.make_experiment(_check_in(request, pk), by=actor(request), at=clock.now())
    said = "proposed. Please complete its plan." if is_new else "exists already."
    return toast(request, go(request, url_of(made.subject)), f"{made.reference} {said}")


@require_POST
@view_needs("meetings.check_in_note")
def check_in_risk(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make a risk of it."""
    check_in = _check_in(request, pk)
    try:
        risk = operations.make_risk(check_in, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, address_of(check_in)), refusal.message)
    message = f"{risk.reference} created. Please check what was filled in."
    return toast(request, go(request, url_of(risk.subject)), message)
