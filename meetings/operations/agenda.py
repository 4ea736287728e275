"""Place subjects on agendas, build agendas and publish them."""

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
from kit.prepared import Argument, Prepared
from kit.refusals import ChangedMeanwhile
from meetings import events
from meetings.models import AgendaItem, Decision, Meeting
from meetings.queries import agenda as agenda_queries
from meetings.queries import series as series_queries
from meetings.queries.facts import facts_of, facts_of_review
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
    """The initial order of items on an agenda, 100 ranks for each class. People reorder items afterwards."""

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
    """Put a subject on the agenda of a suitable meeting (meetings.routing). Idempotent.

    A subject that is on a later agenda is brought forward.

    kind: a SignalKind. minutes: the length of the item. urgent: the reason why the subject cannot wait, ""
    if it can. Returns the item; None if no meeting fits. The event meetings.no_meeting_found then records
    the reason, and the subject is placed as soon as a meeting fits. Raises ChangedMeanwhile.
    """
    for _ in range(_TRIES):
        choice = route(series_queries.candidates(at), team=team_id, kind=kind, pressing=urgent, due_at=due_at)
        if isinstance(choice, NoMeeting):
            _note_no_meeting(about, choice, by=by, at=at, cause=cause)
            return None
        meeting = lock_planned(choice.meeting.id)
        if meeting:
            break
    else:
        raise ChangedMeanwhile("The agenda is being updated. Try again.", present=about)
    reasons = "; ".join(part for part in (why, choice.why) if part)[:300]
    rank = Rank.PRESSING if urgent else rank
    return _put(
        meeting,
        about,
        {"title": title[:300], "why": reasons, "purpose": purpose, "minutes": minutes},
        rank,
        by=by,
        at=at,
        cause=cause,
    )


def lock_planned(meeting_id: int) -> Meeting | None:
    """Return a planned meeting, locked; None if it was cancelled or started in the meantime."""
    return _PLANNED.first(pk=meeting_id)


_PLANNED = Prepared(
    lambda: (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("subject")
        .filter(pk=Argument("pk"), state=MeetingState.PLANNED)
    )
)


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
    """Return the item of this subject: the existing one, moved to this meeting or restored, or a new one."""
    placed = agenda_queries.upcoming_items(about)
    item_here = next((item for item in placed if item.meeting_id == meeting.pk), None)
    unfinished = next((item for item in placed if item.state in UNFINISHED), None)
    if unfinished and item_here and item_here != unfinished and rank == Rank.PRESSING:
        return _restore(item_here, unfinished, meeting, values, by=by, at=at, cause=cause)
    if unfinished and (unfinished.meeting.starts_at <= meeting.starts_at or item_here):
        if unfinished.meeting_id == meeting.pk and rank == Rank.PRESSING and unfinished.rank >= Rank.CARRIED:
            moved = {"rank": next_rank(meeting, rank), "why": values["why"]}
            history.change(unfinished, moved, by=by, at=at, verb="meetings.item_changed", cause=cause)
        return unfinished
    if unfinished:
        moved = {"meeting": meeting, "rank": next_rank(meeting, rank), "why": values["why"]}
        payload = events.ItemMoved(item=unfinished.pk, from_meeting=unfinished.meeting.subject_id)
        history.change(unfinished, moved, by=by, at=at, payload=payload, cause=cause)
        return unfinished
    if item_here:
        taken_off = item_here.state == ItemState.DROPPED and rank != Rank.PRESSING
        if not taken_off:
            restored = {"why": values["why"], "outcome": "", "rank": next_rank(meeting, rank)}
            history.move(item_here, ItemState.WAITING, by=by, at=at, values=restored, cause=cause)
        return item_here
    person = by.person if isinstance(by.person, User) else None
    item = AgendaItem(meeting=meeting, about=about, added_by=person, rank=next_rank(meeting, rank), **values)
    history.record(item, events.ItemAdded(about=about.pk), by=by, at=at, cause=cause)
    return item


def _restore(
    item_here: AgendaItem,
    unfinished: AgendaItem,
    meeting: Meeting,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
) -> AgendaItem:
    """Restore a pressing item on an earlier meeting, and drop the item on the later one that replaced it."""
    if unfinished.meeting.starts_at <= meeting.starts_at or unfinished.state != ItemState.WAITING:
        return unfinished
    restored = {"why": values["why"], "outcome": "", "rank": next_rank(meeting, Rank.PRESSING)}
    history.move(unfinished, ItemState.DROPPED, by=by, at=at, cause=cause)
    history.move(item_here, ItemState.WAITING, by=by, at=at, values=restored, cause=cause)
    return item_here


def next_rank(meeting: Meeting, rank: int) -> int:
    """Return the rank after the last item of this class (meeting, 100 ranks from `rank`)."""
    last = AgendaItem.objects.filter(meeting=meeting, rank__range=(rank, rank + 99)).aggregate(Max("rank"))
    return min((last["rank__max"] or rank) + 1, rank + 99)


def _note_no_meeting(
    about: Subject, choice: NoMeeting, *, by: Actor, at: datetime, cause: Event | None
) -> None:
    latest = Event.objects.filter(subject=about, verb=NO_MEETING).order_by("-id").first()
    if latest is None or latest.data.get("why") != choice.why:
        payload = events.NoMeetingFound(why=choice.why, code=choice.code)
        history.record(about, payload, by=by, at=at, cause=cause)


# ------------------------------------------------------------------ handlers of events


_REVIEW = Prepared(
    lambda: Review.objects.select_related("about", "model", "subject").filter(subject=Argument("subject"))
)


@handler("meetings.agenda.place_review")
def on_review_opened(event: Event, *, at: datetime) -> None:
    """Place an open review on a suitable agenda. Handles risklog.review_opened and review_reopened."""
    review = _REVIEW.first(subject=event.subject_id)
    if review and review.state == ReviewState.OPEN:
        _place_review(review, at=at, cause=event)


@handler("meetings.agenda.place_escalation")
def on_escalation_started(event: Event, *, at: datetime) -> None:
    """Place the subject of an escalation on the very next meeting. Handles risklog.escalation_started."""
    escalation = (
        Escalation.objects.select_related("about", "subject").filter(subject=event.subject_id).first()
    )
    if escalation and escalation.state in UNRESOLVED:
        _place_escalated(escalation, at=at, cause=event)


@handler("meetings.agenda.finish_review_item")
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a review that is settled before the meeting.

    Handles risklog.review_settled and review_withdrawn.
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
    """Place waiting subjects: the model may have an owner team now. Handles catalogue.model_changed."""
    place_waiting(at=at)


def place_waiting(*, at: datetime) -> int:
    """Place open reviews and escalations that are not on any upcoming agenda. Return their number."""
    placed_subjects = AgendaItem.objects.filter(meeting__state__in=TO_COME, about__isnull=False).values(
        "about"
    )
    reviews = (
        Review.objects.filter(state=ReviewState.OPEN)
        .exclude(subject__in=placed_subjects)
        .order_by("due_at", "id")
    )
    escalations = (
        Escalation.objects.filter(state__in=UNRESOLVED).exclude(about__in=placed_subjects).order_by("id")
    )
    placed = [_place_review(review, at=at) for review in reviews.select_related("about", "model", "subject")]
    placed += [
        _place_escalated(escalation, at=at) for escalation in escalations.select_related("about", "subject")
    ]
    return sum(item is not None for item in placed)


def place_again(meeting: Meeting, *, at: datetime) -> None:
    """Place the waiting reviews and escalations of a moved meeting again: another may be sooner now."""
    waiting = AgendaItem.objects.filter(meeting=meeting, state=ItemState.WAITING, about__isnull=False)
    reviews = Review.objects.filter(state=ReviewState.OPEN, subject__in=waiting.values("about"))
    escalations = Escalation.objects.filter(state__in=UNRESOLVED, about__in=waiting.values("about"))
    for review in reviews.select_related("about", "model", "subject").order_by("due_at", "id"):
        _place_review(review, at=at)
    for escalation in escalations.select_related("about", "subject").order_by("id"):
        _place_escalated(escalation, at=at)


def _place_review(review: Review, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    facts = facts_of_review(review)
    about = f" about {review.about.reference}" if review.about.reference else ""
    return place(
        about=review.subject,
        kind=facts.kind,
        team_id=facts.team_id,
        title=review.title,
        why=f"Open review request{about}",
        purpose=Purpose.DECIDE,
        minutes=15 if facts.is_critical else 10,
        urgent="critical" if facts.is_critical else "",
        due_at=review.due_at,
        by=SYSTEM,
        at=at,
        cause=cause,
    )


def _place_escalated(
    escalation: Escalation, *, at: datetime, cause: Event | None = None
) -> AgendaItem | None:
    facts = facts_of(escalation.subject)
    return place(
        about=escalation.about,
        kind=facts.kind,
        team_id=facts.team_id,
        title=escalation.about.title,
        purpose=Purpose.DECIDE,
        minutes=15,
        urgent=f"Escalated ({escalation.reference})",
        by=SYSTEM,
        at=at,
        cause=cause,
    )


# ------------------------------------------------------------------ build and publish an agenda


def publish(due: Due, *, at: datetime) -> None:
    """Build and publish the agenda a day before the meeting. Handles dues of the kind meetings.publish."""
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
    """Add open actions of earlier meetings, open reviews, escalations, and risks that are due. Idempotent.

    An item that a person removed stays removed.
    """
    _put_last_actions(meeting, by=by, at=at)
    place_waiting(at=at)
    if meeting.focus_id:
        _put_risks(meeting, by=by, at=at)
    return meeting


def _put_last_actions(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add an item for the open actions of earlier meetings.

    All participants see the item, so restricted actions are not counted.
    """
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
    """Add risks whose review or acceptance is due before the next meeting that could discuss them."""
    everything = series_queries.candidates(at)
    own = next((candidate for candidate in everything if candidate.id == meeting.series_id), None)
    if own is None:
        return
    later = [planned for planned in own.meetings if planned.starts_at > meeting.starts_at]
    zone = meeting.series.zone
    horizon = meeting.starts_at + timedelta(weeks=12)
    returns = {
        kind: next((planned.starts_at for planned in later if kind in planned.kinds), horizon)
        .astimezone(zone)
        .date()
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
    """Return the due date of a risk, the reason as the item shows it, and the rank of the item."""
    if risk.state == RiskState.ACCEPTED and risk.accepted_until:
        return risk.accepted_until, f"Acceptance ends on {risk.accepted_until:%-d %b %Y}", Rank.ACCEPTANCE
    on = risk.review_on or date.max
    return on, f"Due for review on {on:%-d %b %Y}", Rank.RISK


def _goes_here(own: CandidateSeries, everything: list[CandidateSeries], risk: Risk, kind: str) -> bool:
    """Return True if `own` is the narrowest series with the team of the risk and with its signal kind."""
    team = risk.team_id or (risk.model.owner_team_id if risk.model else None)
    fitting = [candidate for candidate in everything if team in candidate.teams and kind in candidate.kinds]
    return bool(fitting) and min(fitting, key=narrowness).id == own.id


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
