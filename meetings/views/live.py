"""The live meeting: one page to run it. Everybody sees a change within two seconds, by a cheap poll."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import ptag

from kit import clock
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from meetings.forms import ActionForm, ClosingForm, DecisionForm, ItemForm
from meetings.models import AgendaItem, Meeting
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.queries import live as live_queries
from meetings.queries import meeting as meeting_queries
from meetings.queries.agenda import may_see_item
from meetings.states import ItemOutcome, ItemState, MeetingState
from meetings.views.meeting import found, page_of
from meetings.views.saving import act, by, save, version
from pages.answers import go, respond, toast
from pages.once import once
from people import queries as people

ITEM_IDS = "item_%s"  # the page has another form with a title


def live_of(meeting: Meeting) -> str:
    return reverse("meetings:meeting_live", args=[meeting.reference])


@require_safe
@view_needs("meetings.meeting_see")
def meeting_live(request: HttpRequest, reference: str) -> HttpResponse:
    meeting = found(request, reference)
    if meeting.state != MeetingState.LIVE:
        return go(request, page_of(meeting))
    return stage(request, meeting)


def stage(request: HttpRequest, meeting: Meeting, *, status: int = 200, **extra: Any) -> HttpResponse:
    """The live page. extra: forms that were refused, by the name the page knows them by."""
    return respond(
        request, "meetings/meeting_live.html", None, _context(request, meeting, **extra), status=status
    )


def _context(request: HttpRequest, meeting: Meeting, **extra: Any) -> dict[str, Any]:
    at = clock.now()
    shown = live_queries.live(meeting, request.user, at)
    may_run = may(request.user, "meetings.meeting_run", meeting)
    current = shown.current
    return {
        "meeting": meeting,
        "live": shown,
        "stamp": _stamp(meeting.pk, request.user.pk),
        "now": at,
        "may_run": may_run,
        "may_record": may_run and current is not None and not current.is_hidden,
        "decision_form": DecisionForm(
            people=people.people(), review=shown.review, draft=f"item-{current.item.pk}" if current else ""
        ),
        "action_form": ActionForm(people=people.people()),
        "closing_form": ClosingForm(),
        "may_add": may(request.user, "meetings.item_add", meeting),
        "item_form": ItemForm(user=request.user, auto_id=ITEM_IDS),
        "was": items.digest(current.notes) if current else "",
        "refused": "",
        **extra,
    }


def _stamp(meeting_id: int, reader_id: int | None) -> str:
    """What the page is a picture of: the meeting's rows, for this reader."""
    return f"{meeting_queries.stamp(meeting_id)}-r{reader_id}"


def _stamp_of(request: HttpRequest, reference: str) -> str | None:
    pk = (
        Meeting.objects.visible_to(request.user)
        .filter(subject__reference=reference.upper())
        .values_list("pk", flat=True)
        .first()
    )
    return _stamp(pk, request.user.pk) if pk else None


@require_safe
@view_needs("meetings.meeting_see")
@ptag(_stamp_of)
def meeting_pulse(request: HttpRequest, reference: str) -> HttpResponse:
    """What changed since the page was drawn: its columns. Nothing is read when nothing has changed.

    ?item= names the item the page shows. When another is on, or the meeting is over, the page is loaded anew:
    what is being typed is kept by the browser.
    """
    meeting = found(request, reference)
    context = _context(request, meeting)
    current = context["live"].current
    on = str(current.item.pk) if current else ""
    if meeting.state != MeetingState.LIVE or request.GET.get("item", "") != on:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return respond(request, "meetings/meeting_live.html", "pulse", context)


# ------------------------------------------------------------------ the current item


def _item(request: HttpRequest, pk: int) -> AgendaItem:
    rows = AgendaItem.objects.visible_to(request.user).select_related(
        "about", "meeting__series", "meeting__subject"
    )
    item = get_object_or_404(rows, pk=pk)
    require(request.user, "meetings.meeting_run", item)
    return item


def _step(request: HttpRequest, pk: int, does: Callable[[AgendaItem], Any], said: str) -> HttpResponse:
    item = _item(request, pk)
    return act(request, lambda: does(item), back=live_of(item.meeting), said=said)


@require_POST
@view_needs("meetings.meeting_run")
def item_take_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn to this item; the one that was on waits."""

    return _step(
        request, pk, lambda item: items.take_up(item, by=by(request), at=clock.now()), "Now discussing"
    )


@require_POST
@view_needs("meetings.meeting_run")
def item_pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, lambda item: items.pause(item, by=by(request), at=clock.now()), "Paused")


@require_POST
@view_needs("meetings.meeting_run")
def item_extend(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        lambda item: items.extend(item, minutes=2, by=by(request), at=clock.now()),
        "Extended by 2 minutes",
    )


@require_POST
@view_needs("meetings.meeting_run")
def item_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Done with it, by its outcome; the next one is taken up when it was on."""
    outcome = request.POST.get("outcome", "")

    def end(item: AgendaItem) -> None:
        was_on = item.state == ItemState.CURRENT
        items.finish(item, outcome=outcome, by=by(request), at=clock.now(), seen=version(request))
        following = item.meeting.items.filter(state=ItemState.WAITING).order_by("rank", "id").first()
        if was_on and following is not None:
            items.take_up(following, by=by(request), at=clock.now())

    said = "Carried over" if outcome == ItemOutcome.DEFERRED else "Done"
    return _step(request, pk, end, said)


@require_POST
@view_needs("meetings.meeting_run")
def item_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the notes as they are typed. On a conflict both texts are shown, the writer's in the field."""
    item = _item(request, pk)
    if not may_see_item(request.user, item):
        return go(request, live_of(item.meeting))
    text = request.POST.get("notes", "")
    context: dict[str, Any] = {"item": item, "mine": text, "theirs": "", "saved_at": None, "refusal": ""}
    was = request.POST.get("was", "")[:64]
    try:
        items.note(item, text=text, by=by(request), at=clock.now(), seen=version(request), was=was)
        context["saved_at"] = clock.now()
        status = 200
    except ChangedMeanwhile as refusal:
        context |= {"item": refusal.present, "theirs": refusal.present.notes}  # type: ignore[attr-defined]
        status = 409
    except Refused as refusal:
        context["refusal"] = refusal.message
        status = 422
    context["was"] = items.digest(context["item"].notes)
    if not request.headers.get("HX-Request") and status == 200:
        return toast(request, go(request, live_of(item.meeting)), "Saved")
    return respond(request, "meetings/item_note.html", "state", context, status=status)


# ------------------------------------------------------------------ what comes of it


@require_POST
@view_needs("meetings.decision_take")
def item_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """A decision on the current item: text, reason, actions or why none; it may settle the review."""
    item = _item(request, pk)
    require(request.user, "meetings.decision_take", item.meeting)
    if not may_see_item(request.user, item):
        return go(request, live_of(item.meeting))
    review = live_queries.open_review(item.about)
    form = DecisionForm(request.POST, people=people.people(), review=review)

    def decide(said: dict[str, Any]) -> str:
        def made() -> str:
            decisions.record(
                text=said["text"],
                reason=said["reason"],
                item=item,
                actions=form.actions(),
                no_action_reason=said["no_action_reason"],
                settles=said["settles"],
                by=by(request),
                at=clock.now(),
            )
            return live_of(item.meeting)

        return once(request, made)

    return save(
        request,
        form,
        decide,
        said="Decision recorded",
        again=lambda f, status: _again(request, item, "decision", f, status),
    )


def _again(request: HttpRequest, item: AgendaItem, name: str, form: Form, status: int) -> HttpResponse:
    """The live page with the refused form; a page of its own once the meeting has moved on from the item."""
    meeting = found(request, item.meeting.reference)
    on = meeting.items.filter(state=ItemState.CURRENT).first()
    if meeting.state == MeetingState.LIVE and on is not None and on.pk == item.pk:
        return stage(request, meeting, status=status, refused=name, **{f"{name}_form": form})
    context = {"form": form, "item": item, "meeting": meeting, "what": name}
    return respond(request, "meetings/item_late.html", None, context, status=status)


@require_POST
@view_needs("meetings.meeting_run")
def item_act(request: HttpRequest, pk: int) -> HttpResponse:
    """An action straight from the item, without a decision."""
    item = _item(request, pk)
    if not may_see_item(request.user, item):
        return go(request, live_of(item.meeting))
    form = ActionForm(request.POST, people=people.people())

    def make(said: dict[str, Any]) -> str:
        def made() -> str:
            items.agree(item, form.values(), by=by(request), at=clock.now())
            return live_of(item.meeting)

        return once(request, made)

    return save(
        request,
        form,
        make,
        said="Action added",
        again=lambda f, status: _again(request, item, "action", f, status),
    )


# ------------------------------------------------------------------ the meeting


@require_POST
@view_needs("meetings.meeting_run")
def meeting_attend(request: HttpRequest, reference: str) -> HttpResponse:
    meeting = found(request, reference)
    require(request.user, "meetings.meeting_run", meeting)
    there = {
        int(pk) for pk in request.POST.getlist("present") if pk.isascii() and pk.isdigit() and len(pk) < 19
    }
    present = [person for person in people.people() if person.pk in there]
    return act(
        request,
        lambda: meetings.attend(meeting, present=present, by=by(request), at=clock.now()),
        back=live_of(meeting),
        said=f"Attendance saved: {len(present)} present",
    )


@require_POST
@view_needs("meetings.meeting_run")
def meeting_close(request: HttpRequest, reference: str) -> HttpResponse:
    """End it. What is unfinished is carried over; the minutes are fixed."""
    meeting = found(request, reference)
    require(request.user, "meetings.meeting_run", meeting)

    def close(said: dict[str, Any]) -> str:
        meetings.close(
            meeting,
            improvement=said["improvement"],
            was_worth_it=said["was_worth_it"],
            by=by(request),
            at=clock.now(),
        )
        return reverse("meetings:meeting_minutes", args=[meeting.reference])

    if meeting.state != MeetingState.LIVE:
        return toast(request, go(request, page_of(meeting)), "This meeting is not live.")
    return save(
        request,
        ClosingForm(request.POST),
        close,
        said="Meeting ended. Unfinished items are carried over.",
        again=lambda f, status: stage(
            request, found(request, reference), status=status, closing_form=f, refused="closing"
        ),
    )


@require_safe
@view_needs("meetings.meeting_see")
def meeting_minutes(request: HttpRequest, reference: str) -> HttpResponse:
    """The minutes for this reader, made to be printed."""
    meeting = found(request, reference)
    shown = live_queries.live(meeting, request.user, clock.now())
    context = {"meeting": meeting, "live": shown, "attended": list(live_queries.attended(meeting))}
    return respond(request, "meetings/meeting_minutes.html", None, context)
