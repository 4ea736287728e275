"""The pages of meetings: upcoming and past ones, one meeting with its agenda; and its steps."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.rights import may, view_needs
from lists.collation import BY_NAME
from meetings.filters import MEETINGS, VIEWS
from meetings.forms import (
    CancellationForm,
    ContestForm,
    ItemForm,
    MoveForm,
    ObjectiveForm,
    PublicationForm,
    StartForm,
    SwapAnswerForm,
    SwapForm,
)
from meetings.models import Meeting
from meetings.operations import agenda, mailing, turn
from meetings.operations import meeting as operations
from meetings.queries import agenda as agendas
from meetings.queries import check_in as check_ins
from meetings.queries import days_off, thanks
from meetings.queries import meeting as queries
from meetings.queries import series as series_queries
from meetings.queries import settlement as settlements
from meetings.queries import swap as swaps
from meetings.states import MeetingState, TurnTask
from pages import flows
from pages.answers import back_to, go, respond, toast
from pages.flows import Show, form_page
from pages.forms import PageForm
from pages.listing import listing, reader_of, selection_of
from pages.requests import PAGE_SIZE, actor
from people.models import User
from people.permissions import SignedInRequest

DEFAULT_VIEW = "to-come"


def address_of(meeting: Meeting) -> str:
    return reverse("meetings:meeting_detail", args=[meeting.reference])


def live_address_of(meeting: Meeting) -> str:
    return reverse("meetings:meeting_live", args=[meeting.reference])


@require_safe
@view_needs("meetings.meeting_view")
def meeting_list(request: SignedInRequest) -> HttpResponse:
    """One tab of the meetings, and the series."""
    selection = selection_of(request, MEETINGS)
    view = selection.texts.get("show", DEFAULT_VIEW)
    reader = reader_of(request)
    selection = selection.in_order("-starts_at" if view == "past" else "starts_at")
    rows = queries.meetings(request.user).filter(VIEWS[view][1](reader))
    shown = listing(request, MEETINGS, rows, selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "view": view,
        "is_narrowed": bool(set(selection.values) - {"show"}),
        "views": [(name, label) for name, (label, _) in VIEWS.items()],
        "all_series": list(series_queries.all_series(request.user)[:PAGE_SIZE]),
        "my_turns": list(queries.turns_of(request.user, reader.at)[:5]),
        "may_change_series": may(request.user, "meetings.series_change"),
        "now": reader.at,
    }
    return respond(request, "meetings/meeting_list.html", "list", context)


def visible_meeting(request: SignedInRequest, reference: str) -> Meeting:
    """Return the meeting of this reference. Raises Http404 if the reader may not see it."""
    return get_object_or_404(queries.meetings(request.user), subject__reference=reference.upper())


@require_safe
@view_needs("meetings.meeting_view")
def meeting_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return detail(request, visible_meeting(request, reference))


def detail(request: SignedInRequest, meeting: Meeting, *, status: int = 200, **extra: Any) -> HttpResponse:
    """Render the page of one meeting. extra: refused forms, by their name in the template."""
    user = request.user
    is_open = meeting.state in {MeetingState.PLANNED, MeetingState.LIVE}
    may_run = may(user, "meetings.meeting_run", meeting)
    context = {
        "meeting": meeting,
        "agenda": agendas.agenda(meeting, user),
        **_settlement_of(meeting, user, extra.pop("contest", None)),
        "focus_functions": list(meeting.focus.functions.order_by(*BY_NAME)) if meeting.focus else [],
        "check_ins": list(check_ins.since_last_meeting(meeting).visible_to(user)[:20]) if is_open else [],
        "thanks": list(thanks.since_last_meeting(meeting, user, at=clock.now())) if is_open else [],
        "day_off": days_off.of_meetings([meeting]).get(meeting.pk),
        "is_planned": meeting.state == MeetingState.PLANNED,
        "is_open": is_open,
        "may_run": may_run,
        "may_run_open": may_run and is_open,
        "may_plan": (may_plan := may(user, "meetings.meeting_plan", meeting)),
        "publishes_to": _publishes_to(meeting, user) if may_plan else None,
        "publishes_at": settlements.opens_at(meeting),
        "may_take": (may_take := may(user, "meetings.meeting_take", meeting))
        and user.pk != meeting.facilitator_id,
        "may_write": may_take and _may_write(meeting, user),
        "may_add": may(user, "meetings.item_add", meeting),
        "item_form": ItemForm(user=user),
        "objective_form": ObjectiveForm(initial={"objective": meeting.objective}),
        "move_form": MoveForm.of(meeting),
        "cancel_form": CancellationForm(),
        "may_observe": _may_observe(meeting, user),
        **_swaps_of(meeting, user, extra.pop("swap_form", None)),
        "refused": "",
        **extra,
    }
    return respond(request, "meetings/meeting_detail.html", "agenda", context, status=status)


def _settlement_of(meeting: Meeting, user: User, refused: tuple[int, ContestForm] | None) -> dict[str, Any]:
    """Return what can be settled before the meeting, each proposal with the form that contests it.

    refused: the id of an item and the form that was refused for it.
    """
    at = clock.now()
    found = settlements.of_meeting(meeting, user, at=at)
    if not found.proposals:
        later = len(settlements.to_come(meeting, user, at=at).proposals)
        return {"settlement": None, "settle_later": later, "settle_opens_at": settlements.opens_at(meeting)}
    forms = {one.item.pk: ContestForm(auto_id=f"id_%s_{one.item.pk}") for one in found.proposals}
    pk, form = refused or (None, None)
    if pk and form:
        forms[pk] = form
    return {
        "settlement": found,
        "may_contest": may(user, "meetings.item_contest", meeting),
        "may_settle": may(user, "meetings.proposal_settle", meeting),
        "settle_rows": [(proposal, forms[proposal.item.pk]) for proposal in found.proposals],
        "refused_contest": pk,
    }


def _swaps_of(meeting: Meeting, user: User, refused: SwapForm | None) -> dict[str, Any]:
    """Return the open swaps of a meeting, and the forms with which the reader asks to swap a turn of theirs.

    refused: a form that was sent and refused.
    """
    at = clock.now()
    if meeting.state != MeetingState.PLANNED or meeting.starts_at <= at:
        return {"swaps": [], "swap_forms": []}
    found = swaps.open_of(meeting, user)
    asked = {swap.task for swap in found}
    tasks = swaps.tasks_of(meeting, user) if may(user, "meetings.swap_ask", meeting) else []
    forms = [
        SwapForm(trades=swaps.trades(meeting, user, task, at), task=task)
        for task in tasks
        if task not in asked
    ]
    return {
        "swaps": found,
        "swap_forms": [refused if refused and refused.of_task == form.of_task else form for form in forms],
        "decline_form": SwapAnswerForm(),
    }


def _detail_with(request: SignedInRequest, reference: str, name: str) -> Show:
    """Return `show` for a form of the page of a planned meeting.

    If the meeting is no longer planned, its page has no such form, and a toast shows the error.
    """

    def show(form: PageForm, status: int) -> HttpResponse:
        meeting = visible_meeting(request, reference)
        if meeting.state != MeetingState.PLANNED:
            return toast(request, go(request, address_of(meeting)), form.first_error)
        return detail(request, meeting, status=status, refused=name, **{f"{name}_form": form})

    return show


def _may_observe(meeting: Meeting, user: User) -> bool:
    """Return True if the reader can take the turn of the observer over."""
    if meeting.state != MeetingState.PLANNED or user.pk == meeting.observer_id:
        return False
    is_asked = may(user, "meetings.meeting_observe", meeting)
    return is_asked and series_queries.may_observe(meeting.series, user)


def _publishes_to(meeting: Meeting, user: User) -> int | None:
    """Return to how many people the reader would mail the agenda now; None if it cannot be published."""
    is_ahead = meeting.state == MeetingState.PLANNED and meeting.starts_at > clock.now()
    can_be = is_ahead and not meeting.published_at and not meeting.series.is_draft
    return mailing.count_of(meeting, but=user) if can_be else None


def _may_write(meeting: Meeting, user: User) -> bool:
    """Return True if a participant can take the turn of the scribe over."""
    busy = {meeting.facilitator_id, meeting.stand_in_id, meeting.scribe_id}
    return meeting.state == MeetingState.PLANNED and not meeting.series.is_check_in and user.pk not in busy


@require_POST
@view_needs("meetings.meeting_take")
def meeting_take(request: SignedInRequest, reference: str) -> HttpResponse:
    """The reader becomes the facilitator, or with task=scribe or task=observer has that turn."""
    meeting = visible_meeting(request, reference)
    asked = request.POST.get("task")
    task = TurnTask(asked) if asked in TurnTask.values else TurnTask.FACILITATOR
    is_observing = task == TurnTask.OBSERVER
    return flows.press(
        request,
        meeting,
        permission="meetings.meeting_observe" if is_observing else "meetings.meeting_take",
        operation=partial(turn.take_over, task=task),
        address=back_to(request, address_of(meeting)),
        message="Assigned to you",
    )


@require_POST
@view_needs("meetings.meeting_run")
def meeting_start(request: SignedInRequest, reference: str) -> HttpResponse:
    """Start the meeting. With lead=1 the reader facilitates, and the turn counts for them.

    Far from its planned time a page asks first.
    """
    meeting = visible_meeting(request, reference)

    def show(form: PageForm, status: int) -> HttpResponse:
        if form.is_bound and "is_confirmed" in form.errors:
            return form_page(request, "meetings/meeting_start.html", meeting=meeting)(form, status)
        return toast(request, go(request, live_address_of(meeting)), form.first_error)

    def started() -> str:
        left = agendas.backlog_size(meeting)
        fits = f"{left} items do not fit and are in the backlog." if left != 1 else "1 item does not fit."
        return f"Meeting started. {fits}" if left else "Meeting started"

    def start(_: Meeting, *, lead: bool, **act: Any) -> Meeting:
        led_by = actor(request).person if lead else None
        return operations.start(meeting, led_by=led_by, **act)

    return flows.step(
        request,
        meeting,
        StartForm(request.POST),
        permission="meetings.meeting_run",
        operation=start,
        address=live_address_of(meeting),
        show=show,
        message=started,
    )


@require_POST
@view_needs("meetings.meeting_plan")
def meeting_publish(request: SignedInRequest, reference: str) -> HttpResponse:
    """Publish the agenda now, and mail it to as many people as the page said."""
    meeting = visible_meeting(request, reference)
    address = address_of(meeting)
    return flows.step(
        request,
        meeting,
        PublicationForm(request.POST),
        permission="meetings.meeting_plan",
        operation=agenda.publish_now,
        address=address,
        show=lambda form, status: toast(request, go(request, address), form.first_error),
        message="Agenda published",
    )


@require_POST
@view_needs("meetings.meeting_plan")
def meeting_cancel(request: SignedInRequest, reference: str) -> HttpResponse:
    meeting = visible_meeting(request, reference)
    return flows.step(
        request,
        meeting,
        CancellationForm(request.POST),
        permission="meetings.meeting_plan",
        operation=operations.cancel,
        address=address_of(meeting),
        show=_detail_with(request, reference, "cancel"),
        message="Meeting cancelled. Its items moved to the next suitable meeting.",
    )


@require_POST
@view_needs("meetings.meeting_plan")
def meeting_reinstate(request: SignedInRequest, reference: str) -> HttpResponse:
    meeting = visible_meeting(request, reference)
    return flows.press(
        request,
        meeting,
        permission="meetings.meeting_plan",
        operation=operations.reinstate,
        address=address_of(meeting),
        message="Meeting reinstated",
    )


@require_POST
@view_needs("meetings.meeting_plan")
def meeting_move(request: SignedInRequest, reference: str) -> HttpResponse:
    meeting = visible_meeting(request, reference)
    return flows.step(
        request,
        meeting,
        MoveForm(request.POST),
        permission="meetings.meeting_plan",
        operation=operations.move,
        address=address_of(meeting),
        show=_detail_with(request, reference, "move"),
        message="Rescheduled",
    )


@require_POST
@view_needs("meetings.item_change")
def meeting_objective(request: SignedInRequest, reference: str) -> HttpResponse:
    meeting = visible_meeting(request, reference)
    return flows.edit(
        request,
        meeting,
        ObjectiveForm(request.POST),
        permission="meetings.item_change",
        operation=operations.change,
        address=address_of(meeting),
        show=_detail_with(request, reference, "objective"),
    )
