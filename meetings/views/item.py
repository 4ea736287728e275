"""Steps on agenda items before the meeting, and the step that adds a subject to a suitable agenda."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from history.models import Subject
from kit import clock
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import require, view_needs
from meetings.forms.meeting import ItemForm
from meetings.models import AgendaItem
from meetings.operations import item as operations
from meetings.operations import placement
from meetings.queries.agenda import may_see_item
from meetings.queries.facts import facts_of
from meetings.states import MeetingState
from meetings.views import live
from meetings.views import meeting as meeting_pages
from pages import flows
from pages.answers import back_to, go, toast
from pages.flows import form_page
from pages.forms import PageForm
from pages.requests import actor
from people.permissions import SignedInRequest

RESTRICTED = "This item is restricted. You can move it, but not view or edit it."


def visible_item(request: SignedInRequest, pk: int) -> AgendaItem:
    """Return an item of a visible meeting. The subject of the item may be invisible to the reader."""
    rows = AgendaItem.objects.visible_to(request.user).select_related(
        "about", "meeting__series", "meeting__subject", "added_by"
    )
    return get_object_or_404(rows, pk=pk)


def _agenda_of(item: AgendaItem) -> str:
    return f"{meeting_pages.address_of(item.meeting)}#agenda"


@require_POST
@view_needs("meetings.item_add")
def item_add(request: SignedInRequest, reference: str) -> HttpResponse:
    """Add an item, from the page of the meeting or, with live=1, from the live meeting."""
    meeting = meeting_pages.visible_meeting(request, reference)
    require(request.user, "meetings.item_add", meeting)
    is_live = bool(request.POST.get("live")) and meeting.state == MeetingState.LIVE

    def show(form: PageForm, status: int) -> HttpResponse:
        page = live.stage if is_live else meeting_pages.detail
        return page(request, meeting, status=status, item_form=form, refused="item")

    return flows.create(
        request,
        ItemForm(request.POST, user=request.user, auto_id=live.ITEM_IDS if is_live else "id_%s"),
        operation=partial(operations.add, meeting),
        address=live.address_of if is_live else _agenda_of,
        show=show,
        message="Added to the agenda",
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.item_change")
def item_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    item = visible_item(request, pk)
    if not may_see_item(request.user, item):
        require(request.user, "meetings.item_change", item)
        return toast(request, go(request, _agenda_of(item)), RESTRICTED)
    return flows.edit(
        request,
        item,
        ItemForm.of(item, user=request.user, data=request.POST or None),
        permission="meetings.item_change",
        operation=operations.change,
        address=_agenda_of(item),
        show=form_page(request, "meetings/item_form.html", item=item),
    )


@require_POST
@view_needs("meetings.item_change")
def item_shift(request: SignedInRequest, pk: int, way: str) -> HttpResponse:
    item = visible_item(request, pk)
    return flows.press(
        request,
        item,
        permission="meetings.item_change",
        operation=partial(operations.shift, up=way == "up"),
        address=_agenda_of(item),
        message="Moved",
    )


@require_POST
@view_needs("meetings.item_change")
def item_take_off(request: SignedInRequest, pk: int) -> HttpResponse:
    item = visible_item(request, pk)
    return flows.press(
        request,
        item,
        permission="meetings.item_change",
        operation=operations.take_off,
        address=_agenda_of(item),
        message="Removed from the agenda",
        undo=reverse("meetings:item_put_back", args=[item.pk]),
    )


@require_POST
@view_needs("meetings.item_change")
def item_put_back(request: SignedInRequest, pk: int) -> HttpResponse:
    item = visible_item(request, pk)
    return flows.press(
        request,
        item,
        permission="meetings.item_change",
        operation=operations.put_back,
        address=_agenda_of(item),
        message="Restored to the agenda",
    )


@require_POST
@view_needs("meetings.item_add")
def item_place(request: SignedInRequest) -> HttpResponse:
    """Add a subject to the agenda of a suitable meeting. about: the reference of the subject."""
    reference = request.POST.get("about", "").strip().upper()
    subject = get_object_or_404(Subject.objects.visible_to(request.user), reference=reference)
    facts = facts_of(subject)
    back = back_to(request, url_of(subject) or reverse("meetings:meeting_list"))
    try:
        item = placement.place(
            about=subject,
            kind=facts.kind,
            team_id=facts.team_id,
            title=subject.title,
            urgent_reason=facts.urgent_reason,
            due_at=facts.due_at,
            rank=placement.Rank.PEOPLE,
            by=actor(request),
            at=clock.now(),
        )
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    message = (
        f"Added to {item.meeting.reference}" if item else "No suitable meeting; see the reason on the page"
    )
    return toast(request, go(request, back), message)
