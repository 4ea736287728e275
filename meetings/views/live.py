"""The live meeting: one page to run it. A cheap poll shows changes to every reader within two seconds."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from kit import clock, references
from kit.rights import may, require, view_needs
from meetings.forms.decision import FollowUpActionForm
from meetings.forms.live import AttendanceForm, ClosingForm, ControlForm, RecordForm
from meetings.forms.meeting import ItemForm
from meetings.models import AgendaItem, Meeting
from meetings.operations import attendance, control
from meetings.operations import meeting as meetings
from meetings.operations.item import RESTRICTED
from meetings.queries import effect as effects
from meetings.queries import glance, item_evidence, thanks
from meetings.queries import live as queries
from meetings.record_line import WORDS
from meetings.states import MeetingState
from meetings.views.decision import form_about
from meetings.views.meeting import address_of as page_address_of
from meetings.views.meeting import live_address_of, visible_meeting
from pages import flows
from pages.answers import go, is_fragment, respond, toast
from pages.flows import Show
from pages.forms import PageForm
from pages.requests import actor
from pages.shared import shared
from people import queries as people
from people.models import User
from people.permissions import SignedInRequest
from people.states import Role

# What the page lists under "?", besides the shortcuts of every page.
KEYS = (
    ("Next item", "N"),
    ("Pause or resume the item", "P"),
    ("Back to the item before", "B"),
    ("Two minutes more", "E"),
    ("Follow the meeting again", "F"),
    ("Record a decision", "D"),
    ("Record an action", "A"),
    ("Record a risk", "R"),
    ("Park something for later", "K"),
    ("The line to record", "L"),
    ("Choose what to record, in the line", "↑ ↓"),
    ("Notes", "T"),
)
STAMP_HEADER = "HX-PTag"
ITEM_IDS = "item_%s"  # the page has another form with a title


def address_of(item: AgendaItem) -> str:
    return live_address_of(item.meeting)


@require_safe
@view_needs("meetings.meeting_view")
def meeting_live(request: SignedInRequest, reference: str) -> HttpResponse:
    """The live meeting. ?item= is the id of an item to show; without it the page follows the meeting."""
    meeting = visible_meeting(request, reference)
    if meeting.state != MeetingState.LIVE:
        return go(request, page_address_of(meeting))
    _note_reader(request, reference)
    return stage(request, meeting)


def stage(request: SignedInRequest, meeting: Meeting, *, status: int = 200, **extra: Any) -> HttpResponse:
    """Render the live page. extra: refused forms, by their name in the template."""
    # Read before the rows: a change in between shows with the next poll.
    stamp = glance.stamp(meeting.pk, request.user, clock.now())
    context = context_of(request, meeting, **extra)
    line, at = context["live"].line, context["now"]
    context["stamp"] = _tag(stamp, request.user)
    is_beginning = line is None and context["live"].previous is None
    context["thanks"] = thanks.since_last_meeting(meeting, request.user, at=at) if is_beginning else []
    context["evidence"] = item_evidence.evidence(line, request.user, at)
    if "decision_form" not in extra:
        draft = f"item-{line.item.pk}" if line else ""
        context["decision_form"] = form_about(request, line.subject if line else None, draft=draft)
    context["line_hints"] = effects.line_hints(one.offer for one in context["decision_form"].effects)
    return respond(request, "meetings/meeting_live.html", None, context, status=status)


def context_of(request: SignedInRequest, meeting: Meeting, **extra: Any) -> dict[str, Any]:
    """Return what the columns of the page show. item_id: the item to show, by default that of ?item=."""
    at, user = clock.now(), request.user
    shown = queries.live(meeting, user, at, item_id=extra.pop("item_id", None) or _chosen(request))
    may_run = may(user, "meetings.meeting_run", meeting)
    line = shown.line
    return {
        "meeting": meeting,
        "live": shown,
        "now": at,
        "sent_at": at.isoformat(),
        "may_run": may_run,
        "has_control": may_run and meeting.controller_id == user.pk,
        "restricted": RESTRICTED,
        "may_record": may_run and line is not None and not line.is_hidden,
        "action_form": FollowUpActionForm(people=people.owners()),
        "closing_form": ClosingForm(incomplete=shown.incomplete, mailed=len(shown.people)),
        "record_form": RecordForm(),
        "control_form": ControlForm(people=_able(shown.people, meeting)),
        "may_add": may(user, "meetings.item_add", meeting),
        "item_form": ItemForm(user=user, auto_id=ITEM_IDS),
        "was": line.item.notes_digest if line and not line.is_hidden else "",
        "refused": "",
        "page_keys": KEYS,
        "page_words": WORDS,
        **extra,
    }


def _able(people: Sequence[User], meeting: Meeting) -> list[User]:
    """Return the participants to whom control can be handed over."""
    others = {meeting.controller_id, meeting.observer_id}
    return [one for one in people if one.is_at_least(Role.MEMBER) and one.pk not in others]


def _chosen(request: SignedInRequest) -> int | None:
    """Return the item that the reader chose, by ?item=. None follows the meeting."""
    return references.as_id(request.GET.get("item", ""))


def _note_reader(request: SignedInRequest, reference: str) -> int | None:
    """Note once a minute that the reader is there. Return the id of the meeting, None if it is hidden."""
    row = queries.reader(reference, request.user)
    if row is None:
        return None
    pk, seen_at = row
    if seen_at is None or seen_at <= clock.now() - attendance.NOTED_EVERY:
        _note_presence(request, pk)
    return pk


def _note_presence(request: SignedInRequest, meeting_id: int) -> None:
    """Note that the reader is there. Who takes no part in the meeting is looked up once a minute only."""
    key = f"live-guest:{meeting_id}:{request.user.pk}"
    if cache.get(key):
        return
    meeting = Meeting.objects.select_related("series", "subject").get(pk=meeting_id)
    if not attendance.arrive(meeting, request.user, by=actor(request), at=clock.now()):
        cache.set(key, True, attendance.NOTED_EVERY.total_seconds())


@require_safe
@view_needs("meetings.meeting_view")
def meeting_pulse(request: SignedInRequest, reference: str) -> HttpResponse:
    """Return the columns of the page if something changed since it was rendered, otherwise a cheap 304.

    ?shown= is the id of the item on the page. If it follows the meeting and another item is current, or if
    the meeting is over, the browser is told to load the page again. It keeps unsaved text.
    """
    pk = _note_reader(request, reference)
    if pk is None:
        raise Http404
    stamp = glance.stamp(pk, request.user, clock.now())
    if request.headers.get(STAMP_HEADER) == _tag(stamp, request.user):
        answer: HttpResponse = HttpResponseNotModified()
    elif glance.sees_all(pk, request.user):
        answer = _shared_pulse(request, reference, queries.with_series(pk), stamp)
    else:
        answer = _pulse(request, reference)
    answer.headers[STAMP_HEADER] = _tag(stamp, request.user)
    return answer


def _tag(stamp: str, reader: User) -> str:
    """Return what the page sends with each poll: it changes with the content of the page of this reader."""
    return f"{stamp}-r{reader.pk}"


def _shared_pulse(request: SignedInRequest, reference: str, meeting: Meeting, stamp: str) -> HttpResponse:
    """Return the columns as they are for everyone who sees all of the meeting and may do the same in it."""
    user = request.user

    def is_current() -> bool:
        return glance.stamp(meeting.pk, user, clock.now()) == stamp and glance.sees_all(meeting.pk, user)

    key = (
        *(meeting.pk, stamp, request.GET.get("shown"), _chosen(request)),
        *(may(user, name, meeting) for name in ("meetings.meeting_run", "meetings.item_add")),
        meeting.controller_id == user.pk,
        *(timezone.get_current_timezone_name(), clock.today(), is_fragment(request)),
    )
    return shared(
        request,
        key,
        lambda extra: _pulse(request, reference, **extra),
        own={"sent_at": clock.now().isoformat()},
        is_current=is_current,
    )


def _pulse(request: SignedInRequest, reference: str, **extra: Any) -> HttpResponse:
    meeting = visible_meeting(request, reference)
    context = context_of(request, meeting, **extra)
    line = context["live"].line
    if meeting.state != MeetingState.LIVE:
        return _tell("meeting-ended", page_address_of(meeting))
    if request.GET.get("shown", "") != (str(line.item.pk) if line else ""):
        return _tell("meeting-moved", live_address_of(meeting))
    return respond(request, "meetings/meeting_live.html", "pulse", context)


def _tell(event: str, address: str) -> HttpResponse:
    """Return an event for the script of the page: go to the address, unless the reader is writing."""
    return trigger_client_event(HttpResponse(status=204), event, {"address": address})


def with_toast(request: SignedInRequest, meeting: Meeting) -> Show:
    """Return `show` for a form without a page of its own: a toast on the live page shows the error."""

    def show(form: PageForm, status: int) -> HttpResponse:
        return toast(request, go(request, live_address_of(meeting)), form.first_error)

    return show


# ------------------------------------------------------------------ control


@require_POST
@view_needs("meetings.meeting_run")
def meeting_take_control(request: SignedInRequest, reference: str) -> HttpResponse:
    meeting = visible_meeting(request, reference)
    return flows.press(
        request,
        meeting,
        permission="meetings.meeting_run",
        operation=control.take,
        address=live_address_of(meeting),
        message="You control the meeting",
    )


@require_POST
@view_needs("meetings.meeting_run")
def meeting_hand_over(request: SignedInRequest, reference: str) -> HttpResponse:
    """Let another participant control the meeting. to: the id of a person."""
    meeting = visible_meeting(request, reference)
    return flows.step(
        request,
        meeting,
        ControlForm(request.POST, people=people.people()),
        permission="meetings.meeting_run",
        operation=control.hand_over,
        address=live_address_of(meeting),
        show=with_toast(request, meeting),
        message="Control handed over",
    )


# ------------------------------------------------------------------ the meeting


@require_POST
@view_needs("meetings.meeting_run")
def meeting_attend(request: SignedInRequest, reference: str) -> HttpResponse:
    """Record who is present: the people of the form, and those who came since it was rendered."""
    meeting = visible_meeting(request, reference)
    require(request.user, "meetings.meeting_run", meeting)
    return flows.create(
        request,
        AttendanceForm(request.POST, people=people.people()),
        operation=partial(attendance.correct, meeting),
        address=live_address_of,
        show=with_toast(request, meeting),
        message=f"Attendance saved: {len(request.POST.getlist('present'))} present",
    )


@require_POST
@view_needs("meetings.meeting_run")
def meeting_close(request: SignedInRequest, reference: str) -> HttpResponse:
    """End the meeting. Unfinished items are carried over; the minutes are final."""
    meeting = visible_meeting(request, reference)
    shown = queries.live(meeting, request.user, clock.now())

    def show(form: PageForm, status: int) -> HttpResponse:
        present = visible_meeting(request, reference)
        if present.state != MeetingState.LIVE:
            return toast(request, go(request, page_address_of(present)), "This meeting is not live.")
        return stage(request, present, status=status, closing_form=form, refused="closing")

    return flows.step(
        request,
        meeting,
        ClosingForm(request.POST, incomplete=shown.incomplete, mailed=len(shown.people)),
        permission="meetings.meeting_run",
        operation=meetings.close,
        address=reverse("meetings:meeting_minutes", args=[meeting.reference]),
        show=show,
        message="Meeting ended. Unfinished items are carried over.",
    )
