"""The steps on the items of a live meeting, and what is recorded on them."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from kit import clock
from kit.refusals import Refused
from kit.rights import require, view_needs
from meetings.forms.decision import FollowUpActionForm
from meetings.forms.live import ItemOutcomeForm, NoteForm, RecordForm
from meetings.merging import merged
from meetings.models import AgendaItem
from meetings.operations import backlog, recording
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.queries import effect as effects
from meetings.queries.agenda import may_see_item
from meetings.states import ItemOutcome, ItemState, MeetingState
from meetings.views.decision import form_about
from meetings.views.live import address_of, context_of, stage, with_toast
from meetings.views.meeting import address_of as page_address_of
from meetings.views.meeting import visible_meeting
from pages import flows
from pages.answers import go, is_fragment, respond, toast
from pages.flows import Show
from pages.forms import PageForm
from pages.requests import actor, version_of
from people import queries as people
from people.permissions import SignedInRequest


def _item(request: SignedInRequest, pk: int) -> AgendaItem:
    rows = AgendaItem.objects.visible_to(request.user).select_related(
        "about", "meeting__series", "meeting__subject"
    )
    return get_object_or_404(rows, pk=pk)


def _press(
    request: SignedInRequest,
    pk: int,
    operation: Callable[..., AgendaItem],
    message: str,
    permission: str = "meetings.meeting_run",
) -> HttpResponse:
    item = _item(request, pk)
    is_live = item.meeting.state == MeetingState.LIVE
    address = address_of(item) if is_live else f"{page_address_of(item.meeting)}#agenda"
    return flows.press(
        request, item, permission=permission, operation=operation, address=address, message=message
    )


@require_POST
@view_needs("meetings.meeting_run")
def item_take_up(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make this the current item. The former one waits again."""
    return _press(request, pk, items.take_up, "Now discussing")


@require_POST
@view_needs("meetings.meeting_run")
def item_pause(request: SignedInRequest, pk: int) -> HttpResponse:
    return _press(request, pk, items.pause, "Paused")


@require_POST
@view_needs("meetings.meeting_run")
def item_resume(request: SignedInRequest, pk: int) -> HttpResponse:
    return _press(request, pk, items.resume, "Resumed")


@require_POST
@view_needs("meetings.meeting_run")
def item_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Discuss the item before this one again."""
    return _press(request, pk, items.back, "Back to the item before")


@require_POST
@view_needs("meetings.meeting_run")
def item_extend(request: SignedInRequest, pk: int) -> HttpResponse:
    return _press(request, pk, partial(items.extend, minutes=2), "Extended by 2 minutes")


@require_POST
@view_needs("meetings.item_change")
def item_park(request: SignedInRequest, pk: int) -> HttpResponse:
    """Move an item to the backlog of its meeting, live or planned."""
    return _press(request, pk, backlog.park, "Moved to the backlog", "meetings.item_change")


@require_POST
@view_needs("meetings.item_change")
def item_take_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Move an item of the backlog to the agenda of its meeting, live or planned."""
    return _press(request, pk, backlog.take_back, "Back on the agenda", "meetings.item_change")


@require_POST
@view_needs("meetings.meeting_run")
def item_finish(request: SignedInRequest, pk: int) -> HttpResponse:
    """Finish an item with its outcome. If it was the current one, take up the next."""
    item = _item(request, pk)
    return flows.step(
        request,
        item,
        ItemOutcomeForm(request.POST),
        permission="meetings.meeting_run",
        operation=items.finish_and_go_on,
        address=address_of(item),
        show=with_toast(request, item.meeting),
        message="Carried over" if request.POST.get("outcome") == ItemOutcome.DEFERRED else "Done",
    )


@require_POST
@view_needs("meetings.meeting_run")
def item_note(request: SignedInRequest, pk: int) -> HttpResponse:
    """Save the notes while they are typed. On a conflict the page shows both texts."""
    item = _item(request, pk)
    require(request.user, "meetings.meeting_run", item)
    if not may_see_item(request.user, item):
        return go(request, address_of(item))
    form = NoteForm(request.POST)
    status = _save_notes(request, item, form)
    if status == 200 and not is_fragment(request):
        return toast(request, go(request, address_of(item)), "Saved")
    # The page with the conflict names the saved version, because its reader sees both texts. A script keeps
    # the version that it sent, and takes the saved one only with the merged text.
    context: dict[str, Any] = {"item": item, "form": None, "saved_at": clock.now()}
    if status != 200:
        item, mine = _item(request, pk), request.POST.get("notes", "")
        text = merged(item.notes, mine) if form.conflict else mine
        context = {"item": item, "form": form, "merged": text}
    return respond(request, "meetings/item_note.html", "state", context, status=status)


def _save_notes(request: SignedInRequest, item: AgendaItem, form: NoteForm) -> int:
    """Save the notes of a form. Return the HTTP status of the answer."""
    if not form.is_valid():
        return 422
    seen = version_of(request)
    if not seen:
        return form.refuse_without_version(item)
    try:
        items.note(item, **form.values(), by=actor(request), at=clock.now(), seen=seen)
    except Refused as refusal:
        return form.refuse(refusal)
    return 200


# ------------------------------------------------------------------ decisions and actions


@require_POST
@view_needs("meetings.meeting_run")
def item_record(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record one line on an item: a decision, an action, a risk, or an item for later."""
    item = _item(request, pk)
    require(request.user, "meetings.meeting_run", item)
    if not may_see_item(request.user, item):
        return go(request, address_of(item))
    form = RecordForm(request.POST)
    answer = flows.create(
        request,
        form,
        operation=partial(recording.record, item),
        address=lambda recorded: address_of(item),
        show=_record_refused(request, item),
        message=_recorded,
    )
    if not is_fragment(request) or answer.status_code == 422:
        return answer
    context = context_of(request, visible_meeting(request, item.meeting.reference), item_id=item.pk)
    offers = effects.offers(request.user, item.about, at=clock.now())
    context["line_hints"] = effects.line_hints(offers)
    page = respond(request, "meetings/meeting_live.html", "recorded", context)
    page.headers["HX-Trigger"] = '{"recorded": {}}'
    return page


def _recorded(recorded: Any) -> str:
    if isinstance(recorded, AgendaItem):
        return "Moved to the backlog"
    return f"{recorded.KIND.capitalize()} {recorded.reference} recorded"


def _record_refused(request: SignedInRequest, item: AgendaItem) -> Show:
    """Return `show` for a line that was not recorded: beside the bar, with the line in it."""

    def show(form: PageForm, status: int) -> HttpResponse:
        kind, line = request.POST.get("record_as", ""), request.POST.get("line", "")
        is_without_model = form.first_error == recording.NO_MODEL
        risk_form = f"{reverse('risklog:risk_new')}?{urlencode({'title': line[:200]})}"
        context = {"record_form": form, "risk_form": risk_form if is_without_model else ""}
        if is_fragment(request):
            return respond(request, "meetings/meeting_live.html", "record_said", context, status=422)
        meeting = visible_meeting(request, item.meeting.reference)
        if meeting.state != MeetingState.LIVE:
            late = {"form": form, "item": item, "meeting": meeting, "what": kind, "line": line}
            return respond(request, "meetings/item_late.html", None, late, status=status)
        return stage(request, meeting, status=status, item_id=item.pk, **context)

    return show


@require_POST
@view_needs("meetings.decision_take")
def item_decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record a decision on the current item. It may settle the review that is its subject."""
    item = _item(request, pk)
    require(request.user, "meetings.meeting_run", item)
    require(request.user, "meetings.decision_take", item.meeting)
    if not may_see_item(request.user, item):
        return go(request, address_of(item))
    return flows.create(
        request,
        form_about(request, item.about, request.POST),
        operation=partial(decisions.record, item=item),
        address=lambda decision: address_of(item),
        show=_stage_with(request, item, "decision"),
        message="Decision recorded",
    )


def _stage_with(request: SignedInRequest, item: AgendaItem, name: str) -> Show:
    """Return `show` for a form on the current item.

    It shows the form on the live page; or on a page of its own if another item is current by then.
    """

    def show(form: PageForm, status: int) -> HttpResponse:
        meeting = visible_meeting(request, item.meeting.reference)
        current = meeting.items.filter(state=ItemState.CURRENT).first()
        if meeting.state == MeetingState.LIVE and current is not None and current.pk == item.pk:
            refused = {"refused": name, f"{name}_form": form}
            return stage(request, meeting, status=status, item_id=item.pk, **refused)
        context = {"form": form, "item": item, "meeting": meeting, "what": name}
        return respond(request, "meetings/item_late.html", None, context, status=status)

    return show


@require_POST
@view_needs("meetings.meeting_run")
def item_act(request: SignedInRequest, pk: int) -> HttpResponse:
    """Add an action to the item without a decision."""
    item = _item(request, pk)
    require(request.user, "meetings.meeting_run", item)
    if not may_see_item(request.user, item):
        return go(request, address_of(item))
    return flows.create(
        request,
        FollowUpActionForm(request.POST, people=people.owners(), about=item.about),
        operation=partial(items.agree, item),
        address=lambda action: address_of(item),
        show=_stage_with(request, item, "action"),
        message="Action added",
    )
