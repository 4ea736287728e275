"""Build the agenda of a meeting and publish it."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from actions.models import Action
from actions.states import UNFINISHED as UNFINISHED_ACTIONS
from history import operations as history
from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import Decision, Meeting
from meetings.operations import backlog, bulk_placement, mailing, placement, standing
from meetings.queries import series as series_queries
from meetings.routing import CandidateSeries, lateness, narrowness
from meetings.states import PUBLISHED_BEFORE, UNFINISHED, MeetingState, Purpose
from people.models import User
from risklog.models import Risk
from risklog.states import LIVE_RISKS, RiskState

PUBLISH = "meetings.publish"


def publish(due: Due, *, at: datetime) -> None:
    """Build and publish the agenda a day before the meeting. Handles dues of the kind meetings.publish."""
    meeting = Meeting.objects.select_related("series", "focus", "subject").get(subject=due.subject_id)
    is_time = meeting.starts_at - PUBLISHED_BEFORE <= at < meeting.starts_at
    if (
        meeting.state != MeetingState.PLANNED
        or not is_time
        or meeting.published_at
        or meeting.series.is_draft
    ):
        return
    _publish(meeting, by=SYSTEM, at=at)


@transaction.atomic
def publish_now(
    meeting: Meeting, *, mails_to: int = 0, by: Actor, at: datetime, seen: int | None = None
) -> Meeting:
    """Build and publish the agenda of an upcoming meeting before its time. It is not published again then.

    mails_to: for many, to how many people it is mailed (mailing). Raises Refused(field="state", "series" or
    "mails_to"), ChangedMeanwhile.
    """
    if meeting.state != MeetingState.PLANNED or meeting.starts_at <= at:
        raise Refused("Only the agenda of an upcoming meeting is published.", field="state")
    if meeting.series.is_draft:
        raise Refused("This series is a draft. Publish it first.", field="series")
    if meeting.published_at:
        raise Refused("This agenda is published already.", field="state")
    person = by.person if isinstance(by.person, User) else None
    mailing.check(meeting, mails_to, what="agenda", step="publish it", but=person)
    _publish(meeting, by=by, at=at, seen=seen)
    return meeting


def _publish(meeting: Meeting, *, by: Actor, at: datetime, seen: int | None = None) -> None:
    build(meeting, at=at)
    backlog.fit(meeting, by=SYSTEM, at=at)
    items = meeting.items.filter(state__in=UNFINISHED)
    minutes = sum(items.values_list("minutes", flat=True))
    published = events.AgendaPublished(items=items.count(), minutes=minutes)
    history.change(meeting, {"published_at": at}, by=by, at=at, seen=seen, payload=published)


@transaction.atomic
def build(meeting: Meeting, *, at: datetime) -> Meeting:
    """Add standing items, open actions of earlier meetings, what waits, due risks, and patterns.

    Riskhub itself adds them, also when a person starts the meeting. Idempotent. An item that a person removed
    stays removed.
    """
    standing.put(meeting, by=SYSTEM, at=at)
    standing.put_check_ins(meeting, by=SYSTEM, at=at)
    if meeting.series.is_check_in:
        return meeting
    _put_last_actions(meeting, at=at)
    standing.put_readiness(meeting, by=SYSTEM, at=at)
    standing.put_summaries(meeting, by=SYSTEM, at=at)
    bulk_placement.place_waiting(at=at)
    if meeting.focus_id:
        _put_risks(meeting, at=at)
        standing.put_patterns(meeting, by=SYSTEM, at=at)
    return meeting


def _put_last_actions(meeting: Meeting, *, at: datetime) -> None:
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
    placement.put(meeting, last.subject, values, placement.Rank.LAST_TIME, by=SYSTEM, at=at, cause=None)


def _put_risks(meeting: Meeting, *, at: datetime) -> None:
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
    drafts = []
    for risk in due:
        kind = risk.category.kind
        until = returns[kind] if kind in kinds_here else min(following, returns[kind])
        day, why, rank = _risk_due(risk)
        if day < meeting.starts_at.astimezone(zone).date():
            why = f"{why}; {lateness(day)}"
        if day <= until and _goes_here(own, everything, risk, kind):
            values = {"title": risk.title, "why": why, "purpose": Purpose.DECIDE, "minutes": 10}
            drafts.append(bulk_placement.ItemDraft(risk.subject, values, rank))
    bulk_placement.put_many(meeting, drafts, at=at)


def _risk_due(risk: Risk) -> tuple[date, str, placement.Rank]:
    """Return the due date of a risk, the reason as the item shows it, and the rank of the item."""
    if risk.state == RiskState.ACCEPTED and risk.accepted_until:
        return (
            risk.accepted_until,
            f"Acceptance ends on {risk.accepted_until:%-d %b %Y}",
            placement.Rank.ACCEPTANCE,
        )
    on = risk.review_on or date.max
    return on, f"Due for review on {on:%-d %b %Y}", placement.Rank.RISK


def _goes_here(own: CandidateSeries, everything: list[CandidateSeries], risk: Risk, kind: str) -> bool:
    """Return True if `own` is the narrowest series with the team of the risk and with its signal kind."""
    team = risk.team_id or (risk.model.owner_team_id if risk.model else None)
    fitting = [candidate for candidate in everything if team in candidate.teams and kind in candidate.kinds]
    return bool(fitting) and min(fitting, key=narrowness).id == own.id


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
