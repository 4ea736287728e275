"""The pages of meetings: what is to come, what was, one meeting with its agenda; and its steps."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from history.queries import timeline
from kit import clock
from kit.rights import may, require, view_needs
from meetings.forms import ItemForm, MoveForm, ObjectiveForm, ReasonForm
from meetings.models import Meeting
from meetings.operations import meeting as meetings
from meetings.queries import agenda as agendas
from meetings.queries import meeting as meeting_queries
from meetings.queries import series as series_queries
from meetings.states import MeetingState
from meetings.views.saving import act, back_to, by, save, version
from pages import requests as page_requests
from pages.answers import respond

TABS = ("to-come", "mine", "past")


@require_safe
@view_needs("meetings.meeting_see")
def meeting_list(request: HttpRequest) -> HttpResponse:
    """To come, mine, past; and the series."""
    at = clock.now()
    tab = request.GET.get("show")
    tab = tab if tab in TABS else TABS[0]
    rows = (
        meeting_queries.past(request.user, at) if tab == "past" else meeting_queries.to_come(request.user, at)
    )
    if tab == "mine":
        rows = meeting_queries.of_participant(rows, request.user)
    order = ("-starts_at", "-id") if tab == "past" else ("starts_at", "id")
    context = {
        "tab": tab,
        "page": page_requests.page_of(rows, order, request),
        "all_series": list(series_queries.all_series(request.user)[: page_requests.PAGE_SIZE]),
        "my_turns": list(meeting_queries.turns_of(request.user, at)[:5]),
        "may_change_series": may(request.user, "meetings.series_change"),
        "now": at,
    }
    return respond(request, "meetings/meeting_list.html", "list", context)


def found(request: HttpRequest, reference: str) -> Meeting:
    return get_object_or_404(meeting_queries.meetings(request.user), subject__reference=reference.upper())


def page_of(meeting: Meeting) -> str:
    return reverse("meetings:meeting_detail", args=[meeting.reference])


@require_safe
@view_needs("meetings.meeting_see")
def meeting_detail(request: HttpRequest, reference: str) -> HttpResponse:
    return detail(request, found(request, reference))


def detail(request: HttpRequest, meeting: Meeting, *, status: int = 200, **extra: Any) -> HttpResponse:
    """The page of one meeting. extra: forms that were refused, by the name the page knows them by."""
    user = request.user
    is_open = meeting.state in {MeetingState.PLANNED, MeetingState.LIVE}
    may_run = may(user, "meetings.meeting_run", meeting)
    context = {
        "meeting": meeting,
        "agenda": agendas.agenda(meeting, user),
        "focus_functions": list(meeting.focus.functions.all()) if meeting.focus else [],
        "is_planned": meeting.state == MeetingState.PLANNED,
        "is_open": is_open,
        "may_run": may_run,
        "may_run_open": may_run and is_open,
        "may_plan": may(user, "meetings.meeting_plan", meeting),
        "may_take": may(user, "meetings.meeting_take", meeting) and user.pk != meeting.facilitator_id,
        "may_add": may(user, "meetings.item_add", meeting),
        "timeline": list(timeline(meeting.subject_id).visible_to(user)[:50]),
        "item_form": ItemForm(user=user),
        "objective_form": ObjectiveForm(initial={"objective": meeting.objective, "version": meeting.version}),
        "move_form": MoveForm.of(meeting),
        "refused": "",
        **extra,
    }
    return respond(request, "meetings/meeting_detail.html", "agenda", context, status=status)


@require_POST
@view_needs("meetings.meeting_take")
def meeting_take(request: HttpRequest, reference: str) -> HttpResponse:
    """I'll take it."""
    meeting = found(request, reference)
    require(request.user, "meetings.meeting_take", meeting)
    return act(
        request,
        lambda: meetings.take_over(meeting, by=by(request), at=clock.now(), seen=version(request)),
        back=back_to(request, page_of(meeting)),
        said="Assigned to you",
    )


@require_POST
@view_needs("meetings.meeting_run")
def meeting_start(request: HttpRequest, reference: str) -> HttpResponse:
    """Begin; with lead=1 whoever presses leads, and the turn counts for them."""
    meeting = found(request, reference)
    require(request.user, "meetings.meeting_run", meeting)
    leads = by(request).person if request.POST.get("lead") else None
    return act(
        request,
        lambda: meetings.start(meeting, led_by=leads, by=by(request), at=clock.now(), seen=version(request)),
        back=reverse("meetings:meeting_live", args=[meeting.reference]),
        said="Meeting started",
    )


@require_POST
@view_needs("meetings.meeting_plan")
def meeting_cancel(request: HttpRequest, reference: str) -> HttpResponse:
    meeting = found(request, reference)
    require(request.user, "meetings.meeting_plan", meeting)
    form = ReasonForm(request.POST)
    form.is_valid()
    return act(
        request,
        lambda: meetings.cancel(
            meeting,
            reason=form.cleaned_data.get("reason", ""),
            by=by(request),
            at=clock.now(),
            seen=version(request),
        ),
        back=page_of(meeting),
        said="Meeting cancelled. Its items moved to the next suitable meeting.",
    )


@require_POST
@view_needs("meetings.meeting_plan")
def meeting_reinstate(request: HttpRequest, reference: str) -> HttpResponse:
    meeting = found(request, reference)
    require(request.user, "meetings.meeting_plan", meeting)
    return act(
        request,
        lambda: meetings.reinstate(meeting, by=by(request), at=clock.now(), seen=version(request)),
        back=page_of(meeting),
        said="Meeting reinstated",
    )


@require_POST
@view_needs("meetings.meeting_plan")
def meeting_move(request: HttpRequest, reference: str) -> HttpResponse:
    meeting = found(request, reference)
    require(request.user, "meetings.meeting_plan", meeting)

    def move(said: dict[str, Any]) -> str:
        meetings.move(
            meeting, starts_at=said["starts_at"], seen=said["version"], by=by(request), at=clock.now()
        )
        return page_of(meeting)

    return save(
        request,
        MoveForm(request.POST),
        move,
        said="Rescheduled",
        again=lambda form, status: detail(
            request, found(request, reference), status=status, move_form=form, refused="move"
        ),
    )


@require_POST
@view_needs("meetings.item_change")
def meeting_objective(request: HttpRequest, reference: str) -> HttpResponse:
    meeting = found(request, reference)
    require(request.user, "meetings.item_change", meeting)

    def change(said: dict[str, Any]) -> str:
        meetings.change(
            meeting,
            {"objective": said["objective"]},
            seen=said["version"],
            by=by(request),
            at=clock.now(),
        )
        return page_of(meeting)

    return save(
        request,
        ObjectiveForm(request.POST),
        change,
        said="Saved",
        again=lambda form, status: detail(
            request, found(request, reference), status=status, objective_form=form, refused="objective"
        ),
    )
