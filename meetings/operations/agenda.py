"""What comes onto an agenda, by itself and by people."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from actions.models import Action
from actions.states import UNFINISHED as UNFINISHED_ACTIONS
from history import operations as history
from history.models import Due, Event, Subject
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile
from meetings import events
from meetings.models import AgendaItem, Decision, Meeting
from meetings.queries import series as series_queries
from meetings.queries.facts import facts_of
from meetings.routing import CandidateSeries, NoMeeting, narrowness, route
from meetings.states import (
    PUBLISHED_BEFORE,
    TO_COME,
    UNFINISHED,
    ItemOutcome,
    ItemState,
    MeetingState,
    Purpose,
)
from people.models import User
from risklog.models import Escalation, Review, Risk
from risklog.states import LIVE_RISKS, UNRESOLVED, ReviewState, RiskState

PUBLISH = "meetings.publish"
NO_MEETING = events.NoMeetingFound.verb
_TRIES = 3


class Rank(IntEnum):
    """Where a new item stands among the others; people move them afterwards."""

    LAST_TIME = 100
    PRESSING = 200
    CARRIED = 300
    REVIEW = 400
    ACCEPTANCE = 500
    RISK = 600
    PEOPLE = 700


@history.in_one_transaction
def place(
    *,
    about: Subject,
    kind: str | None,
    team_id: int | None,
    title: str,
    by: Actor,
    at: datetime,
    why: str = "",
    purpose: str = Purpose.DISCUSS,
    minutes: int = 10,
    urgent: str = "",
    due_at: datetime | None = None,
    rank: Rank = Rank.REVIEW,
    cause: Event | None = None,
) -> AgendaItem | None:
    """Put a subject on the agenda of the meeting that fits (meetings.routing), once. Harmless when repeated.

    urgent: why it cannot wait, in words. A subject that stands on a later agenda is brought forward. None
    when no meeting fits: then the subject says so (event meetings.no_meeting_found) and is placed once one
    does.
    """
    for _ in range(_TRIES):
        found = route(series_queries.candidates(at), team=team_id, kind=kind, pressing=urgent, due_at=due_at)
        if isinstance(found, NoMeeting):
            _note_no_meeting(about, found, by=by, at=at, cause=cause)
            return None
        meeting = lock_planned(found.meeting.id)
        if meeting:
            break
    else:
        raise ChangedMeanwhile("The agenda is being updated. Try again.", present=about)
    words = "; ".join(part for part in (why, found.why) if part)[:300]
    rank = Rank.PRESSING if urgent else rank
    return _put(
        meeting,
        about,
        {"title": title[:300], "why": words, "purpose": purpose, "minutes": minutes},
        rank,
        by=by,
        at=at,
        cause=cause,
    )


def lock_planned(meeting_id: int) -> Meeting | None:
    """A meeting to come, locked; None when it was cancelled or begun just now."""
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("subject")
    return rows.filter(pk=meeting_id, state=MeetingState.PLANNED).first()


def _put(
    meeting: Meeting,
    about: Subject,
    values: Mapping[str, Any],
    rank: Rank,
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
) -> AgendaItem:
    """The item of this subject on this meeting: the one that is there, brought forward, put back, or a new
    one.
    """
    known = list(
        AgendaItem.objects.filter(about=about, meeting__state__in=TO_COME)
        .select_related("meeting__subject")
        .order_by("meeting__starts_at", "id")
    )
    here = next((item for item in known if item.meeting_id == meeting.pk), None)
    standing = next((item for item in known if item.state in UNFINISHED), None)
    if standing and here and here != standing and rank == Rank.PRESSING:
        return _back_here(here, standing, meeting, values, by=by, at=at, cause=cause)
    if standing and (standing.meeting.starts_at <= meeting.starts_at or here):
        if standing.meeting_id == meeting.pk and rank == Rank.PRESSING and standing.rank >= Rank.CARRIED:
            moved = {"rank": next_rank(meeting, rank), "why": values["why"]}
            history.change(standing, moved, by=by, at=at, verb="meetings.item_changed", cause=cause)
        return standing
    if standing:
        moved = {"meeting": meeting, "rank": next_rank(meeting, rank), "why": values["why"]}
        payload = events.ItemMoved(item=standing.pk, from_meeting=standing.meeting.subject_id)
        history.change(standing, moved, by=by, at=at, payload=payload, cause=cause)
        return standing
    if here:
        taken_off = here.state == ItemState.DROPPED and rank != Rank.PRESSING
        if not taken_off:
            again = {"why": values["why"], "outcome": "", "rank": next_rank(meeting, rank)}
            history.move(here, ItemState.WAITING, by=by, at=at, values=again, cause=cause)
        return here
    person = by.person if isinstance(by.person, User) else None
    item = AgendaItem(meeting=meeting, about=about, added_by=person, rank=next_rank(meeting, rank), **values)
    history.record(item, events.ItemAdded(about=about.pk), by=by, at=at, cause=cause)
    return item


def _back_here(
    here: AgendaItem,
    standing: AgendaItem,
    meeting: Meeting,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
) -> AgendaItem:
    """What presses comes back onto a meeting it stood on before, and leaves the later one it went to."""
    if standing.meeting.starts_at <= meeting.starts_at or standing.state != ItemState.WAITING:
        return standing
    again = {"why": values["why"], "outcome": "", "rank": next_rank(meeting, Rank.PRESSING)}
    history.move(standing, ItemState.DROPPED, by=by, at=at, cause=cause)
    history.move(here, ItemState.WAITING, by=by, at=at, values=again, cause=cause)
    return here


def next_rank(meeting: Meeting, rank: int) -> int:
    """The place behind the last item of its class."""
    last = AgendaItem.objects.filter(meeting=meeting, rank__range=(rank, rank + 99)).aggregate(Max("rank"))
    return min((last["rank__max"] or rank) + 1, rank + 99)


def _note_no_meeting(
    about: Subject, found: NoMeeting, *, by: Actor, at: datetime, cause: Event | None
) -> None:
    latest = Event.objects.filter(subject=about, verb=NO_MEETING).order_by("-id").first()
    if latest is None or latest.data.get("why") != found.why:
        payload = events.NoMeetingFound(why=found.why, code=found.code)
        history.record(about, payload, by=by, at=at, cause=cause)


# ------------------------------------------------------------------ what happened elsewhere


@handler("meetings.agenda.place_review")
def on_review_opened(event: Event, *, at: datetime) -> None:
    """An open review stands on the next fitting agenda. Hears risklog.review_opened and review_reopened."""
    review = (
        Review.objects.select_related("about", "model", "subject").filter(subject=event.subject_id).first()
    )
    if review and review.state == ReviewState.OPEN:
        _place_review(review, at=at, cause=event)


@handler("meetings.agenda.place_escalation")
def on_escalation_started(event: Event, *, at: datetime) -> None:
    """What is escalated comes to the very next meeting. Hears risklog.escalation_started."""
    found = Escalation.objects.select_related("about", "subject").filter(subject=event.subject_id).first()
    if found and found.state in UNRESOLVED:
        _place_escalated(found, at=at, cause=event)


@handler("meetings.agenda.finish_review_item")
def on_review_settled(event: Event, *, at: datetime) -> None:
    """A review settled before the meeting leaves the agendas to come. Hears review_settled and
    review_withdrawn.
    """
    review = Review.objects.filter(subject=event.subject_id).first()
    if review is None or review.state == ReviewState.OPEN:
        return
    waiting = AgendaItem.objects.filter(
        about=event.subject_id, state=ItemState.WAITING, meeting__state__in=TO_COME
    ).select_related("meeting")
    for item in waiting:
        settled = {
            "outcome": ItemOutcome.NO_CHANGE,
            "why": f"{review.get_state_display()} before the meeting",
        }
        history.move(item, ItemState.DONE, by=SYSTEM, at=at, values=settled, cause=event)


@handler("meetings.agenda.place_waiting")
def on_model_changed(event: Event, *, at: datetime) -> None:
    """A model may have an owner team now, so what found no meeting may find one. Hears model_changed."""
    place_waiting(at=at)


def place_waiting(*, at: datetime) -> int:
    """Place open reviews and escalations that stand on no agenda to come. Returns how many."""
    standing = AgendaItem.objects.filter(meeting__state__in=TO_COME, about__isnull=False).values("about")
    reviews = (
        Review.objects.filter(state=ReviewState.OPEN).exclude(subject__in=standing).order_by("due_at", "id")
    )
    climbs = Escalation.objects.filter(state__in=UNRESOLVED).exclude(about__in=standing).order_by("id")
    placed = [_place_review(one, at=at) for one in reviews.select_related("about", "model", "subject")]
    placed += [_place_escalated(one, at=at) for one in climbs.select_related("about", "subject")]
    return sum(item is not None for item in placed)


def place_anew(meeting: Meeting, *, at: datetime) -> None:
    """A meeting was moved: what waited for it, reviews and escalations, comes forward where one is sooner."""
    waiting = AgendaItem.objects.filter(meeting=meeting, state=ItemState.WAITING, about__isnull=False)
    reviews = Review.objects.filter(state=ReviewState.OPEN, subject__in=waiting.values("about"))
    climbs = Escalation.objects.filter(state__in=UNRESOLVED, about__in=waiting.values("about"))
    for review in reviews.select_related("about", "model", "subject").order_by("due_at", "id"):
        _place_review(review, at=at)
    for climb in climbs.select_related("about", "subject").order_by("id"):
        _place_escalated(climb, at=at)


def _place_review(review: Review, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    facts = facts_of(review.subject)
    of = f" about {review.about.reference}" if review.about.reference else ""
    return place(
        about=review.subject,
        kind=facts.kind,
        team_id=facts.team_id,
        title=review.title,
        why=f"Open review request{of}",
        purpose=Purpose.DECIDE,
        minutes=15 if facts.is_critical else 10,
        urgent="critical" if facts.is_critical else "",
        due_at=review.due_at,
        by=SYSTEM,
        at=at,
        cause=cause,
    )


def _place_escalated(found: Escalation, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    facts = facts_of(found.subject)
    return place(
        about=found.about,
        kind=facts.kind,
        team_id=facts.team_id,
        title=found.about.title,
        purpose=Purpose.DECIDE,
        minutes=15,
        urgent=f"Escalated ({found.reference})",
        by=SYSTEM,
        at=at,
        cause=cause,
    )


# ------------------------------------------------------------------ the agenda writes itself


def publish(due: Due, *, at: datetime) -> None:
    """A day before: the agenda is brought up to date and published. Due kind meetings.publish."""
    meeting = Meeting.objects.select_related("series", "focus", "subject").get(subject=due.subject_id)
    is_time = meeting.starts_at - PUBLISHED_BEFORE <= at < meeting.starts_at
    if meeting.state != MeetingState.PLANNED or not is_time or meeting.published_at:
        return
    build(meeting, by=SYSTEM, at=at)
    items = meeting.items.filter(state__in=UNFINISHED)
    minutes = sum(items.values_list("minutes", flat=True))
    history.change(
        meeting,
        {"published_at": at},
        by=SYSTEM,
        at=at,
        payload=events.AgendaPublished(items=items.count(), minutes=minutes),
    )


@transaction.atomic
def build(meeting: Meeting, *, by: Actor, at: datetime) -> Meeting:
    """Bring an agenda up to date: last time's actions, open reviews and escalations, risks due and
    acceptances that end. What people took off stays off. Harmless when repeated.
    """
    _put_last_actions(meeting, by=by, at=at)
    place_waiting(at=at)
    if meeting.focus_id:
        _put_risks(meeting, by=by, at=at)
    return meeting


def _put_last_actions(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """What was agreed before and is not done. Everybody reads it, so what is restricted is not counted."""
    last = series_queries.last_held(meeting.series_id)
    decisions = Decision.objects.filter(meeting__series=meeting.series_id).values("subject")
    held = Meeting.objects.filter(series=meeting.series_id).values("subject")
    open_actions = Action.objects.filter(
        Q(origin__in=decisions) | Q(origin__in=held),
        state__in=UNFINISHED_ACTIONS,
        subject__viewers__isnull=True,
    ).values_list("due_on", flat=True)
    if last is None or not open_actions:
        return
    today = at.astimezone(meeting.series.zone).date()
    late = sum(day is not None and day < today for day in open_actions)
    why = f"{_count(len(open_actions), 'action')} from earlier meetings"
    values = {
        "title": "Open actions",
        "why": f"{why}, {late} overdue" if late else why,
        "purpose": Purpose.INFORM,
        "minutes": 5,
    }
    _put(meeting, last.subject, values, Rank.LAST_TIME, by=by, at=at, cause=None)


def _put_risks(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Risks whose look or acceptance comes due before this focus, or any meeting they could wait for."""
    everything = series_queries.candidates(at)
    own = next((one for one in everything if one.id == meeting.series_id), None)
    if own is None:
        return
    later = [one for one in own.meetings if one.starts_at > meeting.starts_at]
    zone = meeting.series.zone
    horizon = meeting.starts_at + timedelta(weeks=12)
    returns = {
        kind: next((one.starts_at for one in later if kind in one.kinds), horizon).astimezone(zone).date()
        for kind in own.kinds
    }
    following = (later[0].starts_at if later else horizon).astimezone(zone).date()
    farthest = max([following, *returns.values()])
    due = (
        Risk.objects.filter(state__in=LIVE_RISKS, category__kind__in=own.kinds)
        .filter(Q(review_on__lte=farthest) | Q(accepted_until__lte=farthest, state=RiskState.ACCEPTED))
        .select_related("category", "model", "subject")
        .order_by("-severity", "id")
    )
    kinds_here = meeting.focus.kinds if meeting.focus else []
    for risk in due:
        kind = risk.category.kind
        until = returns[kind] if kind in kinds_here else min(following, returns[kind])
        day, why, rank = _risk_due(risk)
        if day <= until and _goes_here(own, everything, risk, kind):
            values = {"title": risk.title, "why": why, "purpose": Purpose.DECIDE, "minutes": 10}
            _put(meeting, risk.subject, values, rank, by=by, at=at, cause=None)


def _risk_due(risk: Risk) -> tuple[date, str, Rank]:
    if risk.state == RiskState.ACCEPTED and risk.accepted_until:
        return risk.accepted_until, f"Acceptance ends on {risk.accepted_until:%-d %b %Y}", Rank.ACCEPTANCE
    on = risk.review_on or date.max
    return on, f"Due for review on {on:%-d %b %Y}", Rank.RISK


def _goes_here(own: CandidateSeries, everything: list[CandidateSeries], risk: Risk, kind: str) -> bool:
    team = risk.team_id or (risk.model.owner_team_id if risk.model else None)
    fitting = [one for one in everything if team in one.teams and kind in one.kinds]
    return bool(fitting) and min(fitting, key=narrowness).id == own.id


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
