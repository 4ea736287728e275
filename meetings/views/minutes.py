"""The page of minutes, their corrections, and the handover of the follow-ups."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from meetings.forms.minutes import CorrectionForm
from meetings.models import Meeting
from meetings.operations import minutes as operations
from meetings.queries import minutes as queries
from meetings.states import MeetingState
from meetings.views.meeting import visible_meeting
from pages import flows
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import actor
from people.permissions import SignedInRequest


def _address(meeting: Meeting) -> str:
    return reverse("meetings:meeting_minutes", args=[meeting.reference])


@require_safe
@view_needs("meetings.meeting_view")
def meeting_minutes(request: SignedInRequest, reference: str) -> HttpResponse:
    """The minutes as this reader may see them, for printing."""
    return _page(request, visible_meeting(request, reference), CorrectionForm())


def _page(
    request: SignedInRequest, meeting: Meeting, form: CorrectionForm, *, status: int = 200
) -> HttpResponse:
    is_closed = meeting.state == MeetingState.CLOSED
    context = {
        "meeting": meeting,
        "minutes": queries.minutes(meeting, request.user),
        "handover": queries.handover(meeting, request.user),
        "form": form,
        "may_correct": is_closed and may(request.user, "meetings.meeting_run", meeting),
    }
    return respond(request, "meetings/meeting_minutes.html", None, context, status=status)


@require_POST
@view_needs("meetings.meeting_run")
def minutes_correct(request: SignedInRequest, reference: str) -> HttpResponse:
    """Add a correction, once for each rendered form."""
    meeting = visible_meeting(request, reference)
    require(request.user, "meetings.meeting_run", meeting)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _page(request, meeting, form, status=422)

    def run() -> str:
        operations.correct(meeting, **form.values(), by=actor(request), at=clock.now())
        return _address(meeting)

    try:
        address = once(request, run)
    except Refused as refusal:
        return _page(request, meeting, form, status=form.refuse(refusal))
    return toast(request, go(request, address), "Correction added")


@require_POST
@view_needs("meetings.meeting_run")
def handover_take(request: SignedInRequest, reference: str) -> HttpResponse:
    """Take the open follow-ups of a closed meeting."""
    meeting = visible_meeting(request, reference)
    return flows.press(
        request,
        meeting,
        permission="meetings.meeting_run",
        operation=operations.take,
        address=_address(meeting),
        message="The follow-ups are yours. You watch them now.",
    )
