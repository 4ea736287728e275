"""Climbs: how an escalation goes up a rung, waits, stays at the top, and goes on when nothing followed.

Every step locks the row first, so that a tick and a person, or two ticks, take their turns; what a Due asks
for happens only if the row still stands where the Due was made for it.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Due, Event, Subject
from history.operations import GrantReason
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile
from people.models import User
from risklog import events
from risklog import ladder as rules
from risklog.ladder import Climbs, RungRule, Waits
from risklog.models import Climb, Escalation, Rung
from risklog.operations import sight
from risklog.queries import presence
from risklog.queries import rung as rung_queries
from risklog.queries.rung import Staff
from risklog.states import UNRESOLVED, EscalationState

CLIMB, LAPSE, PAUSE_END = "risklog.climb", "risklog.acknowledgement_lapses", "risklog.pause_ends"


@transaction.atomic
def climb(due: Due, *, at: datetime) -> None:
    """Climb a rung, if the limit of the rung it stands on is over and the climb was not made yet."""
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
    rungs = rungs_of(escalation)
    staffed = rung_queries.staff(rungs, known_about(escalation), at=at)
    step = rules.next_step(
        rules_of(rungs),
        escalation.rung,
        at,
        presence.hours(),
        {one.rung.position for one in staffed if one.on.people},
        at_once=at_once,
    )
    empty = {one.rung.position: one.empty for one in staffed}
    if isinstance(step, Waits):
        _wait(escalation, step.until, at=at, cause=cause)
    elif isinstance(step, Climbs):
        reached = next(one for one in staffed if one.rung.position == step.position)
        _reach(escalation, reached, step, empty, at=at, cause=cause)
    else:
        _stay(escalation, step.skipped, empty, at=at, cause=cause)


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
    climbs = [_skip(escalation, position, empty[position], at) for position in step.skipped]
    climbs.append(
        Climb(
            escalation=escalation,
            round=round_ or escalation.round,
            position=step.position,
            at=at,
            told=reached.on.ids,
            stand_ins=as_keys(reached.on.stand_ins),
        )
    )
    history.change(
        escalation,
        {
            "rung": step.position,
            "rung_since": at,
            "next_climb_at": step.next_at,
            "round": climbs[-1].round,
        },
        by=SYSTEM,
        at=at,
        payload=events.EscalationClimbed(
            rung=step.position,
            told=reached.on.ids,
            stand_ins=as_keys(reached.on.stand_ins),
            skipped=_skipped_words(step.skipped, empty),
        ),
        rows=climbs,
        cause=cause,
    )
    show_to(escalation, reached.on.people, at=at)
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
    """Nobody is above. Whoever was called last keeps it; if nobody ever was, risk managers hear."""
    top = skipped[-1] if skipped else escalation.rung
    told = [] if escalation.rung else rung_queries.last_resort()
    climbs = [_skip(escalation, position, empty[position], at) for position in skipped]
    if told:
        climbs[-1].told = [person.pk for person in told]
    history.change(
        escalation,
        {"next_climb_at": None, **({} if escalation.rung else {"rung": top, "rung_since": at})},
        by=SYSTEM,
        at=at,
        payload=(events.EscalationClimbed if told else events.EscalationStays)(
            rung=escalation.rung or top,
            told=[person.pk for person in told],
            skipped=_skipped_words(skipped, empty),
        ),
        rows=climbs,
        cause=cause,
    )
    show_to(escalation, told, at=at)


def _skip(escalation: Escalation, position: int, why: str, at: datetime) -> Climb:
    return Climb(escalation=escalation, round=escalation.round, position=position, at=at, skipped=why[:200])


def _skipped_words(positions: tuple[int, ...], empty: dict[int, str]) -> str:
    return "; ".join(f"rung {position}: {empty[position]}" for position in positions)


@transaction.atomic
def lapse(due: Due, *, at: datetime) -> None:
    """Nothing followed the acknowledgement: it climbs on. Two events: lapsed, then climbed."""
    escalation = lock(subject_id=due.subject_id)
    if not escalation or escalation.state != EscalationState.ACKNOWLEDGED:
        return
    if escalation.next_climb_at is None or escalation.next_climb_at > at:
        return
    lapse_now(escalation, at=at)


def lapse_now(escalation: Escalation, *, at: datetime, cause: Event | None = None) -> None:
    """End an acknowledgement and climb on. The escalation is locked."""
    quieten(escalation)
    event = history.move(
        escalation,
        EscalationState.CLIMBING,
        by=SYSTEM,
        at=at,
        values={"acknowledged_by": None, "next_climb_at": None},
        payload=events.EscalationLapsed(rung=escalation.rung, told=told_on(escalation)),
        cause=cause,
    )
    if escalation.rung < top_of(escalation):
        climb_on(escalation, at=at, cause=event)


def call_again(escalation: Escalation, *, at: datetime, cause: Event | None = None) -> None:
    """Whoever was notified on this rung cannot act any more: notify who is on it now, or else climb on.

    The escalation is locked and climbing.
    """
    rungs = [one for one in rungs_of(escalation) if one.position == escalation.rung]
    here = [one for one in rung_queries.staff(rungs, known_about(escalation), at=at) if one.on.people]
    quieten(escalation)
    if not here:
        climb_on(escalation, at=at, cause=cause)
        return
    step = Climbs(escalation.rung, (), next_after(escalation, at))
    _reach(escalation, here[0], step, {}, at=at, cause=cause, round_=escalation.round + 1)


@handler("risklog.climb.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """The organisation's zone, days or hours changed: the next climbs are computed anew."""
    if not changed_fields(event) & {"time_zone", "working_days", "day_starts_at", "day_ends_at"}:
        return
    rows = Escalation.objects.filter(state__in=UNRESOLVED, next_climb_at__isnull=False)
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        found = lock(pk=pk)
        if found is None or found.next_climb_at is None:
            continue
        is_held = found.state == EscalationState.ACKNOWLEDGED
        began = _held_since(found) if is_held else found.rung_since
        moment = next_after(found, began or at, lapses=is_held)
        values = {"next_climb_at": max(moment or at, at)}
        verb = "risklog.escalation_replanned"
        if history.change(found, values, by=SYSTEM, at=at, verb=verb, cause=event):
            quieten(found)
            plan(found)


def _held_since(escalation: Escalation) -> datetime | None:
    verbs = ("risklog.escalation_acknowledged", "risklog.escalation_handed_over")
    found = Event.objects.filter(subject=escalation.subject_id, verb__in=verbs).order_by("-id").first()
    return found.at if found else None


# ------------------------------------------------------------------ the row, its ladder, its dates


def rungs_of(escalation: Escalation) -> list[Rung]:
    """The rungs of the version it started with, lowest first."""
    found = Rung.objects.filter(ladder_version=escalation.ladder_version_id)
    return list(found.select_related("function", "person").order_by("position"))


def rules_of(rungs: list[Rung]) -> list[RungRule]:
    return [RungRule.of(rung) for rung in rungs]


def told_on(escalation: Escalation) -> list[int]:
    """Who was told on the rung it stands on."""
    found = Climb.objects.filter(
        escalation=escalation, round=escalation.round, position=escalation.rung
    ).first()
    return found.told if found else []


def lock(**which: Any) -> Escalation | None:
    """The unresolved escalation of a subject, locked."""
    rows = Escalation.objects.select_for_update(of=("self",)).select_related("about", "subject", "team__lead")
    return rows.filter(**which).exclude(state=EscalationState.RESOLVED).first()


def lock_for(escalation: Escalation, seen: int | None) -> Escalation:
    rows = Escalation.objects.select_for_update(of=("self",)).select_related("about", "subject", "team__lead")
    present = rows.get(pk=escalation.pk)
    if seen is not None and present.version != seen:
        raise ChangedMeanwhile(
            "This escalation has changed since you opened it. Check its current state, then decide again.",
            present=present,
        )
    return present


def known_about(escalation: Escalation) -> rung_queries.Concerned:
    known = rung_queries.concerned(escalation.about)
    return rung_queries.Concerned(known.asked, known.owner, escalation.team or known.team)


def next_after(
    escalation: Escalation, at: datetime, position: int | None = None, *, lapses: bool = False
) -> datetime | None:
    count = rules.lapses if lapses else rules.limit
    position = escalation.rung if position is None else position
    return count(rules_of(rungs_of(escalation)), position, at, presence.hours())


def top_of(escalation: Escalation) -> int:
    return max(one.position for one in rungs_of(escalation))


def plan(escalation: Escalation, *, first_time: bool = False) -> None:
    """Note when the next climb comes, or the acknowledgement lapses.

    "rung-<n>" is once for ever; planned anew, it has its version beside it.
    """
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
    history.drop_dues(escalation.subject_id, CLIMB, LAPSE, PAUSE_END)


def show_to(
    escalation: Escalation, people: list[User], *, at: datetime, reason: GrantReason = GrantReason.CALLED
) -> None:
    """Let people see the escalation, what it is about, and what that is about."""
    history.grant_sight(
        _shown(escalation),
        people,
        reason=reason,
        source=escalation.subject,
        by=SYSTEM,
        at=at,
        why="notified by the escalation ladder",
    )


def show_no_more_to(escalation: Escalation, person: User, *, at: datetime) -> None:
    """The escalation is no longer in this person's hands. Who was called by a rung keeps their sight."""
    history.end_sight(
        _shown(escalation),
        [person],
        reason=GrantReason.HOLDER,
        source=escalation.subject,
        by=SYSTEM,
        at=at,
        why=f"handed over {escalation.reference}",
    )


def _shown(escalation: Escalation) -> list[Subject]:
    return [escalation.subject, *sight.chain(escalation.about)]


def as_keys(stand_ins: dict[int, int]) -> dict[str, int]:
    return {str(told): absent for told, absent in stand_ins.items()}
