"""The live meeting: one page to run it. A cheap poll shows changes to every reader within two seconds."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import ptag

from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from meetings.forms import (
    AttendanceForm,
    ClosingForm,
    DecisionForm,
    FollowUpActionForm,
    ItemForm,
    ItemOutcomeForm,
    NoteForm,
)
from meetings.models import AgendaItem, Meeting
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.queries import live as queries
from meetings.queries import meeting as meeting_queries
from meetings.queries.agenda import may_see_item
from meetings.states import ItemOutcome, ItemState, MeetingState
from meetings.views.meeting import address_of as page_address_of
from meetings.views.meeting import live_address_of, visible_meeting
from pages import flows
from pages.answers import go, is_fragment, respond, toast
from pages.flows import Show
from pages.forms import PageForm
from pages.requests import actor, version_of
from people import queries as people
from people.models import User
from people.permissions import SignedInRequest

ITEM_IDS = "item_%s"  # the page has another form with a title


def address_of(item: AgendaItem) -> str:
    return live_address_of(item.meeting)


@require_safe
@view_needs("meetings.meeting_view")
def meeting_live(request: SignedInRequest, reference: str) -> HttpResponse:
    meeting = visible_meeting(request, reference)
    if meeting.state != MeetingState.LIVE:
        return go(request, page_address_of(meeting))
    return stage(request, meeting)


def stage(request: SignedInRequest, meeting: Meeting, *, status: int = 200, **extra: Any) -> HttpResponse:
    """Render the live page. extra: refused forms, by their name in the template."""
    return respond(
        request, "meetings/meeting_live.html", None, _context(request, meeting, **extra), status=status
    )


def _context(request: SignedInRequest, meeting: Meeting, **extra: Any) -> dict[str, Any]:
    at = clock.now()
    shown = queries.live(meeting, request.user, at)
    may_run = may(request.user, "meetings.meeting_run", meeting)
    current = shown.current
    return {
        "meeting": meeting,
        "live": shown,
        "stamp": _stamp(meeting.pk, request.user),
        "now": at,
        "may_run": may_run,
        "may_record": may_run and current is not None and not current.is_hidden,
        "decision_form": DecisionForm(
            people=people.people(), review=shown.review, draft=f"item-{current.item.pk}" if current else ""
        ),
        "action_form": FollowUpActionForm(people=people.people()),
        "closing_form": ClosingForm(),
        "may_add": may(request.user, "meetings.item_add", meeting),
        "item_form": ItemForm(user=request.user, auto_id=ITEM_IDS),
        "was": current.item.notes_digest if current and not current.is_hidden else "",
        "refused": "",
        **extra,
    }


def _stamp(meeting_id: int, reader: User) -> str:
    """Return a text that changes with the content of the page: the rows of the meeting, for this reader."""
    return f"{meeting_queries.stamp(meeting_id, reader)}-r{reader.pk}"


def _stamp_of(request: SignedInRequest, reference: str) -> str | None:
    pk = (
        Meeting.objects.visible_to(request.user)
        .filter(subject__reference=reference.upper())
        .values_list("pk", flat=True)
        .first()
    )
    return _stamp(pk, request.user) if pk else None


@require_safe
@view_needs("meetings.meeting_view")
@ptag(_stamp_of)
def meeting_pulse(request: SignedInRequest, reference: str) -> HttpResponse:
    """Return the columns of the page if something changed since it was rendered, otherwise a cheap 304.

    ?item= is the id of the item on the page. If another item is current, or the meeting is over, the page
    reloads. The browser keeps unsaved text.
    """
    meeting = visible_meeting(request, reference)
    context = _context(request, meeting)
    current = context["live"].current
    current_id = str(current.item.pk) if current else ""
    if meeting.state != MeetingState.LIVE or request.GET.get("item", "") != current_id:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return respond(request, "meetings/meeting_live.html", "pulse", context)


# ------------------------------------------------------------------ the current item


def _item(request: SignedInRequest, pk: int) -> AgendaItem:
    rows = AgendaItem.objects.visible_to(request.user).select_related(
        "about", "meeting__series", "meeting__subject"
    )
    return get_object_or_404(rows, pk=pk)


def _with_toast(request: SignedInRequest, meeting: Meeting) -> Show:
    """Return `show` for a form without a page of its own: a toast on the live page shows the error."""

    def show(form: PageForm, status: int) -> HttpResponse:
        return toast(request, go(request, live_address_of(meeting)), form.first_error)

    return show


@require_POST
@view_needs("meetings.meeting_run")
def item_take_up(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make this the current item. The former one waits again."""
    item = _item(request, pk)
    return flows.press(
        request,
        item,
        permission="meetings.meeting_run",
        operation=items.take_up,
        address=address_of(item),
        message="Now discussing",
    )


@require_POST
@view_needs("meetings.meeting_run")
def item_pause(request: SignedInRequest, pk: int) -> HttpResponse:
    item = _item(request, pk)
    return flows.press(
        request,
        item,
        permission="meetings.meeting_run",
        operation=items.pause,
        address=address_of(item),
        message="Paused",
    )


@require_POST
@view_needs("meetings.meeting_run")
def item_extend(request: SignedInRequest, pk: int) -> HttpResponse:
    item = _item(request, pk)
    return flows.press(
        request,
        item,
        permission="meetings.meeting_run",
        operation=partial(items.extend, minutes=2),
        address=address_of(item),
        message="Extended by 2 minutes",
    )


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
        show=_with_toast(request, item.meeting),
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
    # After a refusal the hidden fields get the saved version and the digest of the saved notes.
    context: dict[str, Any] = (
        {"item": item, "form": None, "saved_at": clock.now()}
        if status == 200
        else {"item": _item(request, pk), "form": form}
    )
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
        DecisionForm(request.POST, people=people.people(), review=queries.open_review(item.about)),
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
            return stage(request, meeting, status=status, refused=name, **{f"{name}_form": form})
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
        FollowUpActionForm(request.POST, people=people.people()),
        operation=partial(items.agree, item),
        address=lambda action: address_of(item),
        show=_stage_with(request, item, "action"),
        message="Action added",
    )


# ------------------------------------------------------------------ the meeting


@require_POST
@view_needs("meetings.meeting_run")
def meeting_attend(request: SignedInRequest, reference: str) -> HttpResponse:
    """Record who is present: exactly the people of the form."""
    meeting = visible_meeting(request, reference)
    require(request.user, "meetings.meeting_run", meeting)
    return flows.create(
        request,
        AttendanceForm(request.POST, people=people.people()),
        operation=partial(meetings.attend, meeting),
        address=live_address_of,
        show=_with_toast(request, meeting),
        message=f"Attendance saved: {len(request.POST.getlist('present'))} present",
    )


@require_POST
@view_needs("meetings.meeting_run")
def meeting_close(request: SignedInRequest, reference: str) -> HttpResponse:
    """End the meeting. Unfinished items are carried over; the minutes are final."""
    meeting = visible_meeting(request, reference)

    def show(form: PageForm, status: int) -> HttpResponse:
        present = visible_meeting(request, reference)
        if present.state != MeetingState.LIVE:
            return toast(request, go(request, page_address_of(present)), "This meeting is not live.")
        return stage(request, present, status=status, closing_form=form, refused="closing")

    return flows.step(
        request,
        meeting,
        ClosingForm(request.POST),
        permission="meetings.meeting_run",
        operation=meetings.close,
        address=reverse("meetings:meeting_minutes", args=[meeting.reference]),
        show=show,
        message="Meeting ended. Unfinished items are carried over.",
    )


@require_safe
@view_needs("meetings.meeting_view")
def meeting_minutes(request: SignedInRequest, reference: str) -> HttpResponse:
    """The minutes as this reader may see them, for printing."""
    meeting = visible_meeting(request, reference)
    shown = queries.live(meeting, request.user, clock.now())
    context = {"meeting": meeting, "live": shown, "attended": list(queries.attended(meeting))}
    return respond(request, "meetings/meeting_minutes.html", None, context)
