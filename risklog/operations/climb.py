"""How an escalation climbs a rung, waits, stays at the top, and climbs again after an acknowledgement.

Every step locks the row first, so that the scheduler and a person cannot change it at the same time. A Due
takes effect only if the escalation is still in the state that the Due was put for.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile
from people.states import WORKING_TIME_FIELDS
from risklog import ladder as rules
from risklog.events import escalation as events
from risklog.ladder import Climbs, Place, RungRule, Waits
from risklog.models import Climb, Escalation, Ladder, Rung
from risklog.operations import sight
from risklog.queries import availability
from risklog.queries import rung as rung_queries
from risklog.queries.concerned import Concerned, concerned
from risklog.queries.rung import Staff
from risklog.states import UNRESOLVED, EscalationState

CLIMB, LAPSE, PAUSE_END = "risklog.climb", "risklog.acknowledgement_lapses", "risklog.pause_ends"
CALL = "risklog.top_rung_call"


@transaction.atomic
def climb(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind CLIMB: climb if the time limit of the present rung is over. It is idempotent."""
    escalation = lock(subject_id=due.subject_id)
    if not escalation or escalation.state != EscalationState.CLIMBING:
        return
    target = int(due.occurrence.split("-")[1])
    if escalation.next_climb_at is None or escalation.next_climb_at > at or target != escalation.rung + 1:
        return
    climb_on(escalation, at=at)


def climb_on(
    escalation: Escalation, *, at: datetime, cause: Event | None = None, at_once: bool = False
) -> None:
    """Take the next step up the ladder: climb, wait for working hours, or stay. The escalation is locked.

    at_once: also notify a rung that keeps office hours outside of them.
    """
    rungs = rungs_of(escalation)
    manned = staffed(rungs, escalation, at)
    step = rules.next_step(
        rules_of(rungs),
        escalation.rung,
        at,
        availability.hours(),
        {RungRule.of(staff.rung).place for staff in manned if staff.on.people},
        severity=escalation.severity,
        at_once=at_once,
    )
    empty = rung_queries.why_skipped_by_position(manned, escalation.severity)
    if isinstance(step, Waits):
        _wait(escalation, step.until, at=at, cause=cause)
    elif isinstance(step, Climbs):
        taken = step.position, step.branch
        reached = next(staff for staff in manned if RungRule.of(staff.rung).place == taken)
        _reach(escalation, reached, step, empty, at=at, cause=cause)
    else:
        _stay(escalation, step.skipped, empty, at=at, cause=cause)


def staffed(rungs: list[Rung], escalation: Escalation, at: datetime) -> list[Staff]:
    """Return who is on the rungs now.

    It locks the ladder if people of a rung take turns, so that two escalations do not take the same turn.
    """
    if any(rung.is_in_turn for rung in rungs):
        Ladder.objects.select_for_update(no_key=True).get(pk=rungs[0].ladder_version.ladder_id)
    return rung_queries.staff(rungs, known_about(escalation), at=at)


def _reach(
    escalation: Escalation,
    reached: Staff,
    step: Climbs,
    empty: dict[int, str],
    *,
    at: datetime,
    cause: Event | None,
    round_: int | None = None,
) -> None:
    """Record that the escalation reaches a rung. empty: position -> why an empty rung is skipped."""
    climbs = [_skip(escalation, position, empty[position], at) for position in step.skipped]
    climbs.append(reached_row(escalation, reached, round_=round_ or escalation.round, at=at))
    history.change(
        escalation,
        {
            "rung": step.position,
            "branch": step.branch,
            "rung_since": at,
            "next_climb_at": step.next_at,
            "round": climbs[-1].round,
        },
        by=SYSTEM,
        at=at,
        payload=events.EscalationClimbed(
            rung=step.position,
            told=reached.on.ids,
            **channels_of(reached.rung),
            stand_ins=sight.as_keys(reached.on.stand_ins),
            skipped=_skipped_text(step.skipped, empty),
        ),
        rows=climbs,
        cause=cause,
    )
    sight.show_to(escalation, reached.on.people, at=at)
    plan(escalation, first_time=escalation.round == 1)


def _wait(escalation: Escalation, until: datetime, *, at: datetime, cause: Event | None) -> None:
    history.change(
        escalation,
        {"next_climb_at": until},
        by=SYSTEM,
        at=at,
        payload=events.EscalationWaits(until=until.isoformat()),
        cause=cause,
    )
    plan(escalation)


def _stay(
    escalation: Escalation,
    skipped: tuple[int, ...],
    empty: dict[int, str],
    *,
    at: datetime,
    cause: Event | None,
) -> None:
    """Record that no rung above has people. If no rung was ever reached, notify the last resort."""
    top = skipped[-1] if skipped else escalation.rung
    people = [] if escalation.rung else rung_queries.last_resort()
    notified = [person.pk for person in people]
    climbs = [_skip(escalation, position, empty[position], at) for position in skipped]
    if notified:
        climbs[-1].notified_ids = notified
    history.change(
        escalation,
        {"next_climb_at": None, **({} if escalation.rung else {"rung": top, "rung_since": at})},
        by=SYSTEM,
        at=at,
        payload=(events.EscalationClimbed if notified else events.EscalationStays)(
            rung=escalation.rung or top,
            told=notified,
            skipped=_skipped_text(skipped, empty),
        ),
        rows=climbs,
        cause=cause,
    )
    sight.show_to(escalation, people, at=at)
    plan(escalation)


def reached_row(escalation: Escalation, reached: Staff, *, round_: int, at: datetime) -> Climb:
    """Return an unsaved row that records whom the escalation notifies on a rung."""
    return Climb(
        escalation=escalation,
        round=round_,
        position=reached.rung.position,
        branch=reached.rung.branch,
        at=at,
        notified_ids=reached.on.ids,
        stand_ins=sight.as_keys(reached.on.stand_ins),
        by_mail=reached.rung.by_mail,
        webhooks=reached.rung.webhooks,
    )


def channels_of(row: Rung | Climb) -> dict[str, Any]:
    """Return the channels of a rung, or of a past climb, as the payloads of events have them."""
    return {"by_mail": row.by_mail, "webhooks": row.webhooks or None}


def row_of(escalation: Escalation, notified_ids: list[int], at: datetime) -> Climb:
    """Return an unsaved row that records further people who are notified on the present rung, by email."""
    return Climb(
        escalation=escalation,
        round=escalation.round + 1,
        position=escalation.rung,
        branch=escalation.branch,
        at=at,
        notified_ids=notified_ids,
    )


def _skip(escalation: Escalation, position: int, why: str, at: datetime) -> Climb:
    return Climb(escalation=escalation, round=escalation.round, position=position, at=at, skipped=why[:200])


def _skipped_text(positions: tuple[int, ...], empty: dict[int, str]) -> str:
    return "; ".join(f"rung {position}: {empty[position]}" for position in positions)


@transaction.atomic
def lapse(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind LAPSE: no step followed the acknowledgement, so the escalation climbs again.

    Writes two events: lapsed, then climbed.
    """
    escalation = lock(subject_id=due.subject_id)
    if not escalation or escalation.state != EscalationState.ACKNOWLEDGED:
        return
    if escalation.next_climb_at is None or escalation.next_climb_at > at:
        return
    lapse_now(escalation, at=at)


def lapse_now(escalation: Escalation, *, at: datetime, cause: Event | None = None) -> None:
    """End an acknowledgement and climb to the next rung. The escalation is locked."""
    quieten(escalation)
    is_below_top = escalation.rung < top_of(escalation)
    since = {} if is_below_top else {"rung_since": at}
    event = history.move(
        escalation,
        EscalationState.CLIMBING,
        by=SYSTEM,
        at=at,
        values={"acknowledged_by": None, "next_climb_at": None, **since},
        payload=events.EscalationLapsed(rung=escalation.rung, **told_on(escalation)),
        cause=cause,
    )
    if is_below_top:
        climb_on(escalation, at=at, cause=event)
    else:
        plan(escalation)


def notify_rung_again(escalation: Escalation, *, at: datetime, cause: Event | None = None) -> None:
    """Notify the people who are on the present rung now, or climb if it is empty.

    Called when nobody who was notified on the rung can act any more. The escalation is locked and climbing.
    """
    reached = staffed_here(escalation, at)
    quieten(escalation)
    if reached is None:
        climb_on(escalation, at=at, cause=cause)
        return
    step = Climbs(escalation.rung, (), next_after(escalation, at), escalation.branch)
    _reach(escalation, reached, step, {}, at=at, cause=cause, round_=escalation.round + 1)


def staffed_here(escalation: Escalation, at: datetime) -> Staff | None:
    """Return who is on the present rung now, None if it is empty."""
    here = escalation.rung, escalation.branch
    rungs = [rung for rung in rungs_of(escalation) if RungRule.of(rung).place == here]
    return next((staff for staff in staffed(rungs, escalation, at) if staff.on.people), None)


@handler("risklog.climb.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Compute the next climbs again when the time zone or the working time of the organisation changes."""
    if not changed_fields(event) & WORKING_TIME_FIELDS:
        return
    rows = Escalation.objects.filter(state__in=UNRESOLVED, next_climb_at__isnull=False)
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        escalation = lock(pk=pk)
        if escalation is None or escalation.next_climb_at is None:
            continue
        is_acknowledged = escalation.state == EscalationState.ACKNOWLEDGED
        began = _acknowledged_since(escalation) if is_acknowledged else escalation.rung_since
        moment = next_after(escalation, began or at, lapses=is_acknowledged)
        values = {"next_climb_at": max(moment or at, at)}
        verb = "risklog.escalation_replanned"
        if history.change(escalation, values, by=SYSTEM, at=at, verb=verb, cause=event):
            quieten(escalation)
            plan(escalation)


def _acknowledged_since(escalation: Escalation) -> datetime | None:
    """Return when the present assignee got the escalation: by acknowledging it or by a handover."""
    verbs = ("risklog.escalation_acknowledged", "risklog.escalation_handed_over")
    event = Event.objects.filter(subject=escalation.subject_id, verb__in=verbs).order_by("-id").first()
    return event.at if event else None


# ------------------------------------------------------------------ the row, its ladder, its dates


def rungs_of(escalation: Escalation) -> list[Rung]:
    """Return the rungs of the ladder version that the escalation started with, lowest first."""
    rungs = Rung.objects.filter(ladder_version=escalation.ladder_version_id)
    return list(rungs.select_related("ladder_version", "function", "person").order_by("position", "branch"))


def rules_of(rungs: list[Rung]) -> list[RungRule]:
    return [RungRule.of(rung) for rung in rungs]


def told_on(escalation: Escalation) -> dict[str, Any]:
    """Return who was notified on the present rung, and by which channels, as events have it."""
    climbs = Climb.objects.filter(escalation=escalation, round=escalation.round, position=escalation.rung)
    row = climbs.first()
    return {"told": row.notified_ids, **channels_of(row)} if row else {"told": []}


def lock(**which: Any) -> Escalation | None:
    """Lock and return the unresolved escalation that matches these lookups, None if there is none."""
    rows = Escalation.objects.select_for_update(of=("self",)).select_related("about", "subject", "team__lead")
    return rows.filter(**which).exclude(state=EscalationState.RESOLVED).first()


def lock_for(escalation: Escalation, seen: int | None) -> Escalation:
    """Lock the escalation and return it as stored. Raises ChangedMeanwhile if `seen` is another version."""
    rows = Escalation.objects.select_for_update(of=("self",)).select_related("about", "subject", "team__lead")
    present = rows.get(pk=escalation.pk)
    if seen is not None and present.version != seen:
        raise ChangedMeanwhile(
            "This escalation has changed since you opened it. Check its current state, then decide again.",
            present=present,
        )
    return present


def known_about(escalation: Escalation) -> Concerned:
    """Return whom the rungs may notify. The team of the escalation takes precedence over its subject's."""
    known = concerned(escalation.about)
    return replace(known, team=escalation.team or known.team)


def next_after(
    escalation: Escalation, at: datetime, place: Place | None = None, *, lapses: bool = False
) -> datetime | None:
    """Return when the escalation climbs from a rung it reaches `at`; None at the top.

    place: position and branch, None for the current ones. lapses: when an acknowledgement on it lapses
    instead.
    """
    rungs, hours = rules_of(rungs_of(escalation)), availability.hours()
    position, branch = place or (escalation.rung, escalation.branch)
    if lapses:
        return rules.lapses(rungs, position, at, hours, branch=branch)
    return rules.limit(rungs, position, at, hours, branch=branch, severity=escalation.severity)


def sooner(escalation: Escalation, severity: str, at: datetime) -> dict[str, Any]:
    """Return the values for the next climb that a higher severity brings nearer, {} if it does not."""
    if escalation.state != EscalationState.CLIMBING:
        return {}
    moment = rules.limit(
        rules_of(rungs_of(escalation)),
        escalation.rung,
        escalation.rung_since or at,
        availability.hours(),
        branch=escalation.branch,
        severity=severity,
    )
    if moment is None or (escalation.next_climb_at and escalation.next_climb_at <= moment):
        return {}
    return {"next_climb_at": max(moment, at)}


def lapses_at(escalation: Escalation, at: datetime) -> datetime:
    """Return when an acknowledgement that begins `at` lapses on the present rung."""
    rungs = rules_of(rungs_of(escalation))
    return rules.lapses(rungs, escalation.rung, at, availability.hours(), branch=escalation.branch)


def top_of(escalation: Escalation) -> int:
    """Return the position of the highest rung for its severity."""
    return rules.top(rules_of(rungs_of(escalation)), escalation.severity)


def plan(escalation: Escalation, *, first_time: bool = False) -> None:
    """Put the Due of the next climb, of the next call of the top rung, or of the lapse.

    first_time: the occurrence is "rung-<n>", which can be put only once. A later plan adds the version to it.
    """
    call_at = rung_queries.next_call_at(escalation)
    if call_at is not None:
        history.put_due(CALL, escalation.subject_id, f"v{escalation.version}-{call_at:%Y%m%dT%H%M}", call_at)
    if escalation.next_climb_at is None:
        return
    if escalation.state == EscalationState.ACKNOWLEDGED:
        history.put_due(LAPSE, escalation.subject_id, f"v{escalation.version}", escalation.next_climb_at)
        return
    occurrence = f"rung-{escalation.rung + 1}"
    if not first_time:
        occurrence += f"-v{escalation.version}"
    history.put_due(CLIMB, escalation.subject_id, occurrence, escalation.next_climb_at)


def quieten(escalation: Escalation) -> None:
    """Drop all Dues of the escalation."""
    history.drop_dues(escalation.subject_id, CLIMB, LAPSE, PAUSE_END, CALL)
