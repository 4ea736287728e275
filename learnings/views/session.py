"""The pages of learning sessions: lists, a session with its sign-ups, planning, attendance."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import may, view_needs
from learnings.filters.session import SPEC, VIEWS
from learnings.forms.session import (
    CancelSessionForm,
    NewSessionForm,
    SessionAttendanceForm,
    SessionForm,
    SessionSightForm,
)
from learnings.models import LearningSession
from learnings.operations import session as operations
from learnings.operations import session_sight as sight
from learnings.operations import sign_up as sign_ups
from learnings.queries import session as queries
from learnings.states import SessionState, SignUpState
from pages import flows
from pages.answers import go, respond, toast
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing, reader_of, selection_of
from pages.requests import actor
from pages.sight import change_sight
from people.permissions import SignedInRequest
from people.queries.restriction import offered_teams

# The order of each view of the list.
ORDERS = {"ahead": "starts_at", "mine": "-starts_at", "over": "-starts_at", "cancelled": "-starts_at"}


def address_of(session: LearningSession) -> str:
    return reverse("learnings:session_detail", args=[session.pk])


@require_safe
@view_needs("learnings.session_view")
def session_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the upcoming, own, past or cancelled sessions."""
    selection = selection_of(request, SPEC)
    view = selection.texts.get("show", "ahead")
    rows = queries.sessions().visible_to(request.user).filter(VIEWS[view][1](reader_of(request)))
    shown = listing(request, SPEC, rows, selection=selection.in_order(ORDERS[view]))
    context = {
        "listing": shown,
        "page": shown.page,
        "view": view,
        "views": [(value, label) for value, (label, _) in VIEWS.items()],
        "is_narrowed": bool(set(selection.values) - {"show"}),
        "may_plan": may(request.user, "learnings.session_plan"),
    }
    return respond(request, "learnings/session_list.html", "list", context)


def _session(request: SignedInRequest, pk: int) -> LearningSession:
    return get_object_or_404(queries.sessions().visible_to(request.user), pk=pk)


@require_safe
@view_needs("learnings.session_view")
def session_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _detail(request, _session(request, pk))


def _detail(
    request: SignedInRequest,
    session: LearningSession,
    *,
    cancel_form: PageForm | None = None,
    attendance_form: PageForm | None = None,
    status: int = 200,
) -> HttpResponse:
    queries.set_visibility(request.user, [session])
    rows = list(queries.sign_ups(session))
    going = [row for row in rows if row.state == SignUpState.GOING]
    at = clock.now()
    may_change = may(request.user, "learnings.session_change", session)
    has_begun = session.starts_at <= at
    context: dict[str, Any] = {
        "session": session,
        "going": going,
        "waiting": [row for row in rows if row.state == SignUpState.WAITING],
        "mine": next((row for row in rows if row.person_id == request.user.pk), None),
        "is_open": session.state == SessionState.PLANNED and session.ends_at > at,
        "has_begun": has_begun,
        "is_speaker": session.speaker_id == request.user.pk,
        "may_change": may_change,
        "may_sign_up": may(request.user, "learnings.session_sign_up", session),
        "may_write": may(request.user, "learnings.learning_write"),
        "cancel_form": cancel_form or CancelSessionForm(),
    }
    if may_change and has_begun and session.state != SessionState.CANCELLED:
        context["attendance_form"] = attendance_form or SessionAttendanceForm(known=_known(session))
    return respond(request, "learnings/session_detail.html", None, context, status=status)


def _known(session: LearningSession) -> dict[int, bool]:
    """Return who signed up, and whether each was there; before it is noted, those with a seat."""
    return {
        row.person_id: row.state == SignUpState.GOING if row.has_attended is None else row.has_attended
        for row in queries.sign_ups(session)
    }


@require_http_methods(["GET", "POST"])
@view_needs("learnings.session_plan")
def session_create(request: SignedInRequest) -> HttpResponse:
    """Plan a session. `?about=L-3` presets what it teaches."""
    initial = {"about": request.GET.get("about", "")[:24]}
    return flows.create(
        request,
        NewSessionForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.plan,
        address=address_of,
        show=form_page(request, "learnings/session_create.html"),
        message="Session planned",
    )


@require_http_methods(["GET", "POST"])
@view_needs("learnings.session_change")
def session_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    return flows.edit(
        request,
        session,
        SessionForm.of(session, request.POST or None),
        permission="learnings.session_change",
        operation=operations.change,
        address=address_of(session),
        show=form_page(request, "learnings/session_edit.html", session=session),
    )


@require_http_methods(["GET", "POST"])
@view_needs("learnings.session_change")
def session_sight(request: SignedInRequest, pk: int) -> HttpResponse:
    """Choose who may see the session: everyone or some teams. The user may lose access by that."""
    session = _session(request, pk)
    data = request.POST if request.method == "POST" else None

    return change_sight(
        request,
        session,
        SessionSightForm.of(session, data, teams=offered_teams(session)),
        permission="learnings.session_change",
        operation=sight.restrict,
        page_url=address_of(session),
        list_url=reverse("learnings:session_list"),
    )


@require_POST
@view_needs("learnings.session_change")
def session_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    return flows.step(
        request,
        session,
        CancelSessionForm(request.POST),
        permission="learnings.session_change",
        operation=operations.cancel,
        address=address_of(session),
        show=lambda form, status: _detail(request, _session(request, pk), cancel_form=form, status=status),
        message="Session cancelled. Everybody who signed up is told.",
    )


@require_POST
@view_needs("learnings.session_change")
def session_reinstate(request: SignedInRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    return flows.press(
        request,
        session,
        permission="learnings.session_change",
        operation=operations.reinstate,
        address=address_of(session),
        message="The session takes place. Everybody who signed up is told.",
    )


@require_POST
@view_needs("learnings.session_change")
def session_attendance(request: SignedInRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    return flows.step(
        request,
        session,
        SessionAttendanceForm(request.POST, known=_known(session)),
        permission="learnings.session_change",
        operation=sign_ups.note_attendance,
        address=address_of(session),
        show=lambda form, status: _detail(
            request, _session(request, pk), attendance_form=form, status=status
        ),
        message="Attendance noted",
    )


@require_POST
@view_needs("learnings.session_sign_up")
def session_sign_up(request: SignedInRequest, pk: int) -> HttpResponse:
    """Sign the reader up. It overwrites nothing, so it needs no version."""
    session = _session(request, pk)
    return _press(request, session, lambda **act: sign_ups.sign_up(session, **act), _seat_text)


def _seat_text(row: Any) -> str:
    return "You have a seat" if row.state == SignUpState.GOING else "You are on the waiting list"


@require_POST
@view_needs("learnings.session_sign_up")
def session_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Withdraw the reader's own sign-up."""
    session = _session(request, pk)
    done = "You are not signed up any more"
    return _press(request, session, lambda **act: sign_ups.withdraw_own(session, **act), lambda row: done)


@require_POST
@view_needs("learnings.learning_write")
def session_follow_up(request: SignedInRequest, pk: int) -> HttpResponse:
    """Draft the learning of a session, or open the one that was drafted."""
    session = _session(request, pk)
    try:
        learning = operations.follow_up(session, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, address_of(session)), refusal.message)
    return toast(
        request, go(request, url_of(learning.subject)), f"{learning.reference} drafted from the session"
    )


def _press(
    request: SignedInRequest,
    session: LearningSession,
    run: Callable[..., Any],
    message: Callable[[Any], str],
) -> HttpResponse:
    """Run an act on the reader's own sign-up, and show its result or its refusal in a toast."""
    try:
        done = message(run(by=actor(request), at=clock.now()))
    except Refused as refusal:
        done = refusal.message
    return toast(request, go(request, address_of(session)), done)
