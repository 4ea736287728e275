"""Starting escalations, and the steps people take on them.

climb.py moves them up their ladder, escalation_pauses.py pauses them.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from history import operations as history
from history.models import Event, Subject
from history.operations import GrantReason
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people import queries as people
from people.models import Team, User
from risklog.events import escalation as events
from risklog.ladder import RungRule
from risklog.models import Category, Escalation
from risklog.operations import climb, sight, top_rung
from risklog.operations import ladder as ladders
from risklog.queries import availability
from risklog.queries.concerned import concerned
from risklog.queries.rung import Staff
from risklog.states import UNRESOLVED, EscalationState, Severity

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
    """Escalate a subject: notify the first rung of its ladder, also outside working hours if a person asks.

    A subject that is escalated already gets the reason as a note instead. A new escalation writes two events:
    started, then climbed. Raises Refused, ChangedMeanwhile.
    """
    if not why.strip():
        raise Refused("Enter why it is urgent.", field="why")
    if about.kind == Escalation.KIND:
        raise Refused(_escalate_its_subject(about, by), field="about")
    for _ in range(_TRIES):
        running = climb.lock(about=about)
        if running:
            return _annotate(running, why=why, severity=severity, by=by, at=at, cause=cause)
        history.lock_scope(about)  # because the people notified are granted sight of it later
        known = concerned(about)
        team = team or known.team
        category_id = category.pk if category else known.category_id
        escalation = Escalation(
            about=about,
            title=title[:300],
            why=why.strip(),
            severity=severity,
            team=team,
            ladder_version=ladders.version_for(severity=severity, category_id=category_id, team=team, at=at),
            started_at=at,
        )
        try:
            with transaction.atomic():
                return _start(escalation, by=by, at=at, cause=cause)
        except IntegrityError as error:
            if "risklog_one_unresolved_escalation" not in str(error):
                raise
    raise ChangedMeanwhile("Someone else is escalating this. Reload and try again.", present=about)


def _escalate_its_subject(about: Subject, by: Actor) -> str:
    """Return the refusal to escalate an escalation, with what to escalate instead, if they may see it."""
    instead = Escalation.objects.select_related("about").get(subject=about).about
    is_named = by.person is not None and instead.reference and instead.is_visible_to(by.person)
    it = f", {instead.reference}" if is_named else ""
    return f"{about.reference} is an escalation itself. Escalate what it is about{it}."


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
    """Record a new escalation and notify its first rung."""
    event = history.record(
        escalation,
        events.EscalationStarted(why=escalation.why, severity=str(escalation.severity)),
        by=by,
        at=at,
        cause=cause,
        placed=history.Placement(parent=escalation.about, grants=history.author(by)),
    )
    climb.climb_on(escalation, at=at, cause=event, at_once=by.person is not None)
    escalation.is_new = True
    return escalation


def _annotate(
    escalation: Escalation, *, why: str, severity: str, by: Actor, at: datetime, cause: Event | None
) -> Escalation:
    """Note a further reason. A critical one makes it critical, which may bring the next climb nearer."""
    values: dict[str, Any] = {}
    if severity == Severity.CRITICAL and escalation.severity != severity:
        values = {"severity": severity, **climb.sooner(escalation, severity, at)}
    history.change(
        escalation,
        values,
        by=by,
        at=at,
        payload=events.EscalationAnnotated(why=why.strip()),
        cause=cause,
    )
    if "next_climb_at" in values:
        climb.quieten(escalation)
        climb.plan(escalation)
    sight.show_to_author(escalation.subject, by=by, at=at)
    return escalation


# ------------------------------------------------------------------ the steps people take

# What to say about a step that the state does not allow.
_WRONG_STATE: dict[str, str] = {
    EscalationState.ACKNOWLEDGED: "It is acknowledged already.",
    EscalationState.PAUSED: "It is paused. Resume it first.",
    EscalationState.RESOLVED: "It is resolved already.",
}


def expect(escalation: Escalation, *states: str) -> None:
    """Raise IllegalMove with what is wrong unless the escalation is in one of these states."""
    if escalation.state in states:
        return
    if states == (EscalationState.PAUSED,) and escalation.state != EscalationState.RESOLVED:
        raise IllegalMove("This escalation is not paused.", field="state")
    raise IllegalMove(_WRONG_STATE[escalation.state], field="state")


@transaction.atomic
def acknowledge(
    escalation: Escalation, *, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Escalation:
    """Acknowledge an escalation. It climbs again if no step follows within the time limit of its rung."""
    escalation = climb.lock_for(escalation, seen)
    expect(escalation, EscalationState.CLIMBING)
    until = climb.lapses_at(escalation, at)
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
    sight.show_to(escalation, [by.person], at=at, reason=GrantReason.HOLDER)
    return escalation


@transaction.atomic
def hand_over(
    escalation: Escalation, to: User, *, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Escalation:
    """Hand an acknowledged escalation over to another person, who has the whole time limit of its rung.

    On the top rung also one that nobody acknowledged: the person is then notified as the people of the rung
    were. Raises Refused if it is neither, if the person is away, has left or only reads, and for oneself.
    """
    escalation = climb.lock_for(escalation, seen)
    if escalation.state in {EscalationState.PAUSED, EscalationState.RESOLVED}:
        raise Refused(_WRONG_STATE[escalation.state], field="to")
    if escalation.state != EscalationState.ACKNOWLEDGED and not escalation.is_at_top:
        raise Refused("Acknowledge the escalation before you hand it over.", field="to")
    if not to.is_active:
        raise Refused("This person has left. Choose another person.", field="to")
    if why := people.why_no_owner(to):
        raise Refused(why, field="to")
    if by.person == to:
        raise Refused("You cannot hand it over to yourself. Choose another person.", field="to")
    if escalation.acknowledged_by == to:
        raise Refused(f"{to.name} has it already. Choose another person.", field="to")
    if to.pk in availability.away_on(availability.day_of(at)):
        raise Refused("This person is away. Choose another person.", field="to")
    if escalation.is_at_top:
        return top_rung.notify(escalation, to, by=by, at=at, note=note)
    until = climb.lapses_at(escalation, at)
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
    sight.show_to(escalation, [to], at=at, reason=GrantReason.HOLDER)
    if former and former != to:
        sight.show_no_more_to(escalation, former, at=at)
    return escalation


@transaction.atomic
def step_down(
    escalation: Escalation, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Escalation:
    """Go back to the nearest rung below that has people on it. They have the whole time limit of that rung.

    Raises Refused without a reason or if no rung below has people, IllegalMove if it is paused or resolved.
    """
    if not reason.strip():
        raise Refused("Enter the reason for de-escalating.", field="reason")
    escalation = climb.lock_for(escalation, seen)
    if escalation.state in {EscalationState.PAUSED, EscalationState.RESOLVED}:
        raise IllegalMove(
            f"It is {escalation.get_state_display().lower()}. Only a running escalation can be de-escalated.",
            field="reason",
        )
    target = _staffed_rung_below(escalation, at)
    position, round_ = target.rung.position, escalation.round + 1
    is_acknowledged = escalation.state == EscalationState.ACKNOWLEDGED
    climb.quieten(escalation)
    place = position, target.rung.branch
    next_climb_at = climb.next_after(escalation, at, place, lapses=is_acknowledged)
    history.change(
        escalation,
        {
            "rung": position,
            "branch": target.rung.branch,
            "rung_since": at,
            "round": round_,
            "next_climb_at": next_climb_at,
        },
        by=by,
        at=at,
        payload=events.EscalationSteppedDown(
            reason=reason.strip(), rung=position, told=target.on.ids, **climb.channels_of(target.rung)
        ),
        rows=[climb.reached_row(escalation, target, round_=round_, at=at)],
    )
    sight.show_to(escalation, target.on.people, at=at)
    climb.plan(escalation)
    return escalation


def _staffed_rung_below(escalation: Escalation, at: datetime) -> Staff:
    """Return the branch to go back to on the highest rung below that has people on one for its severity.

    The one that was notified last time comes first. Raises Refused if no rung below has people.
    """
    below = [
        rung
        for rung in climb.rungs_of(escalation)
        if rung.position < escalation.rung and RungRule.of(rung).is_for(escalation.severity)
    ]
    before = set(escalation.climbs.filter(skipped="").values_list("position", "branch"))
    staffed = [staff for staff in climb.staffed(below, escalation, at) if staff.on.people]
    if not staffed:
        raise Refused(
            "No rung below has anyone to notify. Resolve the escalation or hand it over.", field="reason"
        )
    highest = max(staff.rung.position for staff in staffed)
    here = [staff for staff in staffed if staff.rung.position == highest]
    return next((staff for staff in here if (highest, staff.rung.branch) in before), here[0])


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
    """Resolve an escalation. Its Dues are dropped, so that nothing happens to it any more."""
    if not reason.strip():
        raise Refused("Enter how it was resolved.", field="reason")
    escalation = climb.lock_for(escalation, seen)
    expect(escalation, *UNRESOLVED)
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
