"""Escalations: a subject is set on its ladder, and what people do with it. climb.py does the climbing."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from actions.models import Action
from history import operations as history
from history.models import Due, Event, Subject
from history.operations import GrantReason
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.models import Team, User
from risklog import events
from risklog import ladder as rules
from risklog.models import Category, Climb, Escalation, Review
from risklog.operations import climb, sight
from risklog.operations import ladder as ladders
from risklog.queries import presence
from risklog.queries import review as review_queries
from risklog.queries import rung as rung_queries
from risklog.states import EscalationState, Severity

LONGEST_PAUSE = timedelta(days=14)
_TRIES = 3


# ------------------------------------------------------------------ starting


@transaction.atomic
def start(
    *,
    about: Subject,
    title: str,
    why: str,
    severity: str = Severity.WARNING,
    team: Team | None = None,
    category: Category | None = None,
    by: Actor,
    at: datetime,
    cause: Event | None = None,
) -> Escalation:
    """Set a subject on its ladder and call the first rung: even at night when a person raises it.

    One that runs already takes the new reason as a note instead. Two events: started, then climbed.
    """
    if not why.strip():
        raise Refused("Enter why it is urgent.", field="why")
    for _ in range(_TRIES):
        running = climb.lock(about=about)
        if running:
            running = _annotate(running, why=why, severity=severity, by=by, at=at, cause=cause)
            sight.show_to_author(running.subject, by=by, at=at)
            return running
        history.lock_scope(about)  # for whoever is called is granted sight of it, once there is an escalation
        team = team or rung_queries.concerned(about).team
        escalation = Escalation(
            about=about,
            title=title[:300],
            why=why.strip(),
            severity=severity,
            team=team,
            ladder_version=ladders.version_for(severity=severity, category=category, team=team, at=at),
            started_at=at,
        )
        try:
            with transaction.atomic():
                return _start(escalation, by=by, at=at, cause=cause)
        except IntegrityError as error:
            if "risklog_one_unresolved_escalation" not in str(error):
                raise
    raise ChangedMeanwhile("Someone else is escalating this. Reload and try again.", present=about)


def escalate(*, about: Subject, why: str, by: Actor, at: datetime, is_unnamed: bool = False) -> Escalation:
    """Start a critical escalation by hand. is_unnamed: the name is hidden from everyone but history."""
    return start(
        about=about,
        title=about.title,
        why=why,
        severity=Severity.CRITICAL,
        by=by.unnamed() if is_unnamed else by,
        at=at,
    )


def _start(escalation: Escalation, *, by: Actor, at: datetime, cause: Event | None) -> Escalation:
    event = history.record(
        escalation,
        events.EscalationStarted(why=escalation.why, severity=str(escalation.severity)),
        by=by,
        at=at,
        cause=cause,
        placed=history.Scope(parent=escalation.about, grants=history.author(by)),
    )
    climb.climb_on(escalation, at=at, cause=event, at_once=by.person is not None)
    return escalation


def _annotate(
    escalation: Escalation, *, why: str, severity: str, by: Actor, at: datetime, cause: Event | None
) -> Escalation:
    history.change(
        escalation,
        {"severity": Severity.CRITICAL} if severity == Severity.CRITICAL else {},
        by=by,
        at=at,
        payload=events.EscalationAnnotated(why=why.strip()),
        cause=cause,
    )
    return escalation


# ------------------------------------------------------------------ what people do with it


@transaction.atomic
def acknowledge(
    escalation: Escalation, *, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Escalation:
    """Somebody has it in hand. It climbs on if nothing follows within the time of the rung it stands on."""
    escalation = climb.lock_for(escalation, seen)
    until = rules.lapses(climb.rules_of(climb.rungs_of(escalation)), escalation.rung, at, presence.hours())
    climb.quieten(escalation)
    history.move(
        escalation,
        EscalationState.ACKNOWLEDGED,
        by=by,
        at=at,
        values={"acknowledged_by": by.person, "next_climb_at": until},
        payload=events.EscalationAcknowledged(note=note.strip(), until=until.isoformat()),
    )
    climb.plan(escalation)
    climb.show_to(escalation, [by.person], at=at, reason=GrantReason.HOLDER)
    return escalation


@transaction.atomic
def hand_over(
    escalation: Escalation, to: User, *, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Escalation:
    """Pass what one has acknowledged to somebody else, who then has the time of the rung anew."""
    escalation = climb.lock_for(escalation, seen)
    if escalation.state != EscalationState.ACKNOWLEDGED:
        raise Refused("Acknowledge the escalation before you hand it over.", field="to")
    if not to.is_active:
        raise Refused("This person has left. Choose another person.", field="to")
    if to.pk in presence.away_on(presence.day_of(at)):
        raise Refused("This person is away. Choose another person.", field="to")
    until = rules.lapses(climb.rules_of(climb.rungs_of(escalation)), escalation.rung, at, presence.hours())
    former = escalation.acknowledged_by
    climb.quieten(escalation)
    history.change(
        escalation,
        {"acknowledged_by": to, "next_climb_at": until},
        by=by,
        at=at,
        payload=events.EscalationHandedOver(
            to=to.pk, told=[to.pk], note=note.strip(), until=until.isoformat()
        ),
    )
    climb.plan(escalation)
    climb.show_to(escalation, [to], at=at, reason=GrantReason.HOLDER)
    if former and former != to:
        climb.show_no_more_to(escalation, former, at=at)
    return escalation


@transaction.atomic
def pause(
    escalation: Escalation, *, until: datetime, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Escalation:
    """Hold it, with a reason and an end at most 14 days off; it goes on by itself then."""
    if not reason.strip():
        raise Refused("Enter the reason for the pause.", field="reason")
    if until <= at:
        raise Refused("Choose a time in the future.", field="until")
    if until > at + LONGEST_PAUSE:
        raise Refused("A pause can last at most 14 days.", field="until")
    escalation = climb.lock_for(escalation, seen)
    climb.quieten(escalation)
    history.move(
        escalation,
        EscalationState.PAUSED,
        by=by,
        at=at,
        values={
            "paused_until": until,
            "next_climb_at": None,
            "acknowledged_by": None,
            "reason": reason.strip(),
        },
        payload=events.EscalationPaused(reason=reason.strip(), until=until.isoformat()),
    )
    history.put_due(climb.PAUSE_END, escalation.subject_id, f"v{escalation.version}", until)
    return escalation


@transaction.atomic
def resume(escalation: Escalation, *, by: Actor, at: datetime, seen: int | None = None) -> Escalation:
    """Go on from the rung it stands on, with that rung's whole time."""
    escalation = climb.lock_for(escalation, seen)
    climb.quieten(escalation)
    history.move(
        escalation,
        EscalationState.CLIMBING,
        by=by,
        at=at,
        values={
            "paused_until": None,
            "reason": "",
            "rung_since": at,
            "next_climb_at": climb.next_after(escalation, at),
        },
        payload=events.EscalationResumed(rung=escalation.rung, told=climb.told_on(escalation)),
    )
    climb.plan(escalation)
    return escalation


@transaction.atomic
def end_pause(due: Due, *, at: datetime) -> None:
    """The pause is over."""
    escalation = climb.lock(subject_id=due.subject_id)
    if not escalation or escalation.state != EscalationState.PAUSED:
        return
    if escalation.paused_until is not None and escalation.paused_until <= at:
        resume(escalation, by=SYSTEM, at=at)


@transaction.atomic
def step_down(
    escalation: Escalation, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Escalation:
    """Go back to the rung below with somebody on it, who has that rung's time anew."""
    if not reason.strip():
        raise Refused("Enter the reason for de-escalating.", field="reason")
    escalation = climb.lock_for(escalation, seen)
    if escalation.state in {EscalationState.PAUSED, EscalationState.RESOLVED}:
        raise IllegalMove(
            f"It is {escalation.get_state_display().lower()}. Only a running escalation can be de-escalated.",
            field="reason",
        )
    below = [one for one in climb.rungs_of(escalation) if one.position < escalation.rung]
    staffed = [
        one for one in rung_queries.staff(below, climb.known_about(escalation), at=at) if one.on.people
    ]
    if not staffed:
        raise Refused(
            "No rung below has anyone to notify. Resolve the escalation or hand it over.", field="reason"
        )
    reached = staffed[-1]
    climb.quieten(escalation)
    values: dict[str, Any] = {
        "rung": reached.rung.position,
        "rung_since": at,
        "round": escalation.round + 1,
        "next_climb_at": climb.next_after(
            escalation,
            at,
            reached.rung.position,
            lapses=escalation.state == EscalationState.ACKNOWLEDGED,
        ),
    }
    called = Climb(
        escalation=escalation,
        round=values["round"],
        position=reached.rung.position,
        at=at,
        told=reached.on.ids,
        stand_ins=climb.as_keys(reached.on.stand_ins),
    )
    history.change(
        escalation,
        values,
        by=by,
        at=at,
        payload=events.EscalationSteppedDown(
            reason=reason.strip(), rung=reached.rung.position, told=reached.on.ids
        ),
        rows=[called],
    )
    climb.show_to(escalation, reached.on.people, at=at)
    climb.plan(escalation)
    return escalation


@transaction.atomic
def resolve(
    escalation: Escalation,
    *,
    reason: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Escalation:
    """It is dealt with. Nothing fires after this."""
    if not reason.strip():
        raise Refused("Enter how it was resolved.", field="reason")
    escalation = climb.lock_for(escalation, seen)
    climb.quieten(escalation)
    history.move(
        escalation,
        EscalationState.RESOLVED,
        by=by,
        at=at,
        values={
            "reason": reason.strip(),
            "resolved_at": at,
            "next_climb_at": None,
            "paused_until": None,
        },
        payload=events.EscalationResolved(reason=reason.strip()),
        cause=cause,
    )
    return escalation


# ------------------------------------------------------------------ what happens elsewhere


@handler("risklog.escalation.start_for_overdue_action")
@transaction.atomic
def on_action_overdue(event: Event, *, at: datetime) -> None:
    """An overdue action goes up the ladder: its owner first, then the lead of the team it concerns."""
    action = Action.objects.select_related("subject", "about").filter(subject_id=event.subject_id).first()
    if not action or not action.is_unfinished:
        return
    payload = present_data(event)
    if payload.get("due_on", str(action.due_on)) != str(action.due_on):
        return  # a new date was agreed since
    if (payload.get("owner") or action.owner_id) != action.owner_id:
        return  # its new owner is given a working day
    known = rung_queries.concerned(action.subject)
    start(
        about=action.subject,
        title=f"Overdue: {action.title}",
        why=f"{action.reference} was due on {action.due_on:%d %b %Y} and is not done."
        if action.due_on
        else f"{action.reference} is not done.",
        severity=Severity.WARNING,
        team=known.team,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("risklog.escalation.resolve_with_action")
def on_action_settled(event: Event, *, at: datetime) -> None:
    """Done or dropped: its climb is over."""
    action = Action.objects.filter(subject_id=event.subject_id).first()
    if action and not action.is_unfinished:
        _resolve_about(event, f"{action.reference} is {action.get_state_display().lower()}.", at=at)


@handler("risklog.escalation.resolve_after_action_change")
@transaction.atomic
def on_action_changed(event: Event, *, at: datetime) -> None:
    """A new date, or a new owner, answers what was escalated for being late; what else was raised stays.

    A new owner is late anew at the end of their next working day; the ladder then begins with them.
    """
    action = Action.objects.select_related("owner").filter(subject_id=event.subject_id).first()
    climbing = climb.lock(about_id=event.subject_id)
    if not (action and climbing and action.is_unfinished and climbing.started_at <= event.at):
        return
    if not _is_only_for(climbing, "actions.action_overdue"):
        return
    if action.due_on and action.due_on >= presence.day_of(at):
        reason = f"New due date: {action.due_on:%-d %b %Y}."
    elif event.verb == "actions.action_assigned" and action.owner:
        reason = f"It is {action.owner.name}'s now, who is given a working day."
    else:
        return
    resolve(climbing, reason=reason, by=SYSTEM, at=at, cause=event)


def _is_only_for(escalation: Escalation, verb: str) -> bool:
    """Whether nothing but events of this verb called for it; what a person raised stays until settled."""
    started = Event.objects.filter(subject=escalation.subject_id, verb="risklog.escalation_started")
    noted = Event.objects.filter(subject=escalation.subject_id, verb="risklog.escalation_annotated")
    return started.filter(cause__verb=verb).exists() and not noted.exclude(cause__verb=verb).exists()


@handler("risklog.escalation.resolve_with_review")
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Settled or withdrawn: its climb is over."""
    _resolve_about(event, "The review is closed.", at=at)


@handler("risklog.escalation.resolve_when_all_answered")
@transaction.atomic
def on_review_answered(event: Event, *, at: datetime) -> None:
    """Once everybody has answered, nobody need be chased; settling it is on the agenda."""
    resolve_if_answered(event.subject_id, at=at, cause=event)


@transaction.atomic
def resolve_if_answered(review_id: int, *, at: datetime, cause: Event) -> None:
    """Resolve the escalation of an unanswered review when all who can answer have, and somebody did.

    What else was raised about the review stays. review_id: of its subject.
    """
    climbing = climb.lock(about_id=review_id)
    review = Review.objects.get(subject_id=review_id)
    is_answered = review.reviewers.filter(answered_at__isnull=False).exists()
    if not climbing or not is_answered or review_queries.awaited(review, at=at):
        return
    if climbing.started_at <= cause.at and _is_only_for(climbing, "risklog.review_unanswered"):
        resolve(climbing, reason="All reviewers have answered.", by=SYSTEM, at=at, cause=cause)


@handler("risklog.escalation.resolve_with_risk")
def on_risk_closed(event: Event, *, at: datetime) -> None:
    """A closed risk climbs no more."""
    _resolve_about(event, "The risk is closed.", at=at)


@transaction.atomic
def _resolve_about(event: Event, reason: str, *, at: datetime) -> None:
    escalation = climb.lock(about_id=event.subject_id)
    if escalation and escalation.started_at <= event.at:
        resolve(escalation, reason=reason, by=SYSTEM, at=at, cause=event)
