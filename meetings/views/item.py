"""Agenda items before the meeting: added, changed, moved, taken off; a subject put where it fits."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from history.models import Subject
from kit import clock
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import require, view_needs
from meetings.forms import ItemForm
from meetings.models import AgendaItem
from meetings.operations import agenda
from meetings.operations import item as items
from meetings.queries.agenda import may_see_item
from meetings.queries.facts import facts_of
from meetings.states import MeetingState
from meetings.views import live
from meetings.views import meeting as meeting_pages
from meetings.views.saving import act, back_to, by, save, version
from pages.answers import go, respond, toast
from pages.once import once


def found(request: HttpRequest, pk: int) -> AgendaItem:
    """An item of a meeting the reader may see. What it is about may be hidden from them all the same."""
    rows = AgendaItem.objects.visible_to(request.user).select_related(
        "about", "meeting__series", "meeting__subject", "added_by"
    )
    item = get_object_or_404(rows, pk=pk)
    require(request.user, "meetings.item_change", item)
    return item


def agenda_of(item: AgendaItem) -> str:
    return f"{meeting_pages.page_of(item.meeting)}#agenda"


@require_POST
@view_needs("meetings.item_add")
def item_add(request: HttpRequest, reference: str) -> HttpResponse:
    meeting = meeting_pages.found(request, reference)
    require(request.user, "meetings.item_add", meeting)
    is_live = bool(request.POST.get("live")) and meeting.state == MeetingState.LIVE
    form = ItemForm(request.POST, user=request.user, auto_id=live.ITEM_IDS if is_live else "id_%s")
    back = live.live_of(meeting) if is_live else f"{meeting_pages.page_of(meeting)}#agenda"

    def add(said: dict[str, Any]) -> str:
        def made() -> str:
            items.add(meeting, **form.values(), about=said["about"], by=by(request), at=clock.now())
            return back

        return once(request, made)

    return save(
        request,
        form,
        add,
        said="Added to the agenda",
        again=lambda f, status: (live.stage if is_live else meeting_pages.detail)(
            request, meeting, status=status, item_form=f, refused="item"
        ),
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.item_change")
def item_edit(request: HttpRequest, pk: int) -> HttpResponse:
    item = found(request, pk)
    if not may_see_item(request.user, item):
        return toast(
            request,
            go(request, agenda_of(item)),
            "This item is restricted. You can move it, but not view or edit it.",
        )
    if request.method != "POST":
        return _form(request, item, ItemForm.of(item, user=request.user))
    form = ItemForm.of(item, user=request.user, data=request.POST)

    def change(said: dict[str, Any]) -> str:
        items.change(item, form.values(), seen=said["version"], by=by(request), at=clock.now())
        return agenda_of(item)

    return save(
        request, form, change, said="Saved", again=lambda f, status: _form(request, item, f, status=status)
    )


def _form(request: HttpRequest, item: AgendaItem, form: Form, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "item": item, "theirs": getattr(form, "theirs", None)}
    return respond(request, "meetings/item_form.html", "form", context, status=status)


@require_POST
@view_needs("meetings.item_change")
def item_shift(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    item = found(request, pk)
    return act(
        request,
        lambda: items.shift(item, up=way == "up", by=by(request), at=clock.now()),
        back=agenda_of(item),
        said="Moved",
    )


@require_POST
@view_needs("meetings.item_change")
def item_take_off(request: HttpRequest, pk: int) -> HttpResponse:
    item = found(request, pk)
    try:
        items.take_off(item, by=by(request), at=clock.now(), seen=version(request))
    except Refused as refusal:
        return toast(request, go(request, agenda_of(item)), refusal.message)
    undo = reverse("meetings:item_put_back", args=[item.pk])
    return toast(request, go(request, agenda_of(item)), "Removed from the agenda", undo=undo)


@require_POST
@view_needs("meetings.item_change")
def item_put_back(request: HttpRequest, pk: int) -> HttpResponse:
    item = found(request, pk)
    return act(
        request,
        lambda: items.put_back(item, by=by(request), at=clock.now()),
        back=agenda_of(item),
        said="Restored to the agenda",
    )


@require_POST
@view_needs("meetings.item_add")
def item_place(request: HttpRequest) -> HttpResponse:
    """Put a subject on the agenda of the meeting that fits; said by its reference."""
    reference = request.POST.get("about", "").strip().upper()
    subject = get_object_or_404(Subject.objects.visible_to(request.user), reference=reference)
    facts = facts_of(subject)
    back = back_to(request, url_of(subject) or reverse("meetings:meeting_list"))
    try:
        item = agenda.place(
            about=subject,
            kind=facts.kind,
            team_id=facts.team_id,
            title=subject.title,
            urgent="critical" if facts.is_critical else "",
            due_at=facts.due_at,
            rank=agenda.Rank.PEOPLE,
            by=by(request),
            at=clock.now(),
        )
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    words = (
        f"Added to {item.meeting.reference}" if item else "No suitable meeting; see the reason on the page"
    )
    return toast(request, go(request, back), words)
