"""Who is on the rungs of a ladder, for an open escalation and for the preview of a ladder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import F, Func, Max, Q

from catalogue import rights
from catalogue.models import DecisionRight
from catalogue.states import Holder
from people import roster, turns
from people.models import User
from people.queries import duty as duties
from people.states import Role
from people.working import Hours
from risklog import ladder as rules
from risklog.ladder import RungRule
from risklog.models import Climb, Escalation, Rung
from risklog.queries import availability
from risklog.queries.availability import AvailablePeople
from risklog.queries.concerned import Concerned
from risklog.states import Who

# A place at which people take turns: ladder, position, branch.
Slot = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Staff:
    """A branch of a rung with the people on it. empty: why it has none, "" if it has some."""

    rung: Rung
    on: AvailablePeople
    empty: str


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of some ladders, and what decides who of them is on a rung at a moment.

    everyone: by id, also who left, each with `roster`. absences: (user id, first day, last day, id of the
    stand-in or None), in the order of their ids. rights: the decision rights in force that rungs may mean.
    called: ladder, position and branch -> user id -> a number that is higher the later the person was last
    called there.
    """

    everyone: dict[int, Any]
    absences: Sequence[tuple[int, date, date, int | None]]
    hours: Hours
    rights: Sequence[DecisionRight] = ()
    called: Mapping[Slot, Mapping[int, int]] = field(default_factory=dict)

    def on(self, rungs: Sequence[Rung], known: Concerned, *, at: datetime) -> list[Staff]:
        """Return who is on each rung at a moment. known: the people of the subject."""
        active = {pk: person for pk, person in self.everyone.items() if _may_act(person)}
        day = self.hours.day_of(at)
        away = {pk: stand_in for pk, begins, ends, stand_in in self.absences if begins <= day <= ends}
        return [self._staff(rung, known, active, away, at) for rung in rungs]

    def _staff(
        self,
        rung: Rung,
        known: Concerned,
        active: dict[int, User],
        away: dict[int, int | None],
        at: datetime,
    ) -> Staff:
        right = self._right(rung, known)
        function_id = right.function_id if right else rung.function_id
        on_duty = self._on_duty(function_id, active, away, at) if function_id else None
        user_ids = _ids_on(rung, known, active, right)
        available = on_duty or availability.among(user_ids, active, away)
        if rung.is_in_turn:
            available = self._next_in_turn(rung, available)
        gone = user_ids and not any(pk in active for pk in user_ids)
        why = self._why_gone(user_ids) if gone else _why_empty(rung, user_ids, known, right)
        return Staff(rung, available, "" if available.people else why)

    def _why_gone(self, user_ids: Sequence[int]) -> str:
        """Return why none of these people may act: they left, or those who are here may only read."""
        is_here = any(pk in self.everyone and self.everyone[pk].is_active for pk in user_ids)
        return _VIEWER if is_here else _LEFT

    def _right(self, rung: Rung, known: Concerned) -> DecisionRight | None:
        """Return the right of which the rung notifies the holder; None if it is not assigned."""
        if rung.who != Who.RIGHT:
            return None
        applying = rights.that_apply(
            self.rights, model_id=known.model_id, team_id=known.team.pk if known.team else None
        )
        return applying.get(rung.right)

    def _on_duty(
        self, function_id: int, active: dict[int, User], away: dict[int, int | None], at: datetime
    ) -> AvailablePeople | None:
        """Return the person of the function who is on duty; None without a roster, or if nobody is here."""
        rosters = (one.roster for one in self.everyone.values() if one.function_id == function_id)
        found = next(rosters, None)
        planned = duties.planned_on(found, self.hours.zone, at) if found else None
        if planned is None:
            return None
        duty = roster.on_duty(*planned, set(active), away)
        if duty.person is None:
            return None
        is_replaced = duty.instead_of in active
        stand_ins = {duty.person: duty.instead_of} if duty.instead_of and is_replaced else {}
        return AvailablePeople([active[duty.person]], stand_ins)

    def _next_in_turn(self, rung: Rung, available: AvailablePeople) -> AvailablePeople:
        """Return the one person whose turn it is; a stand-in only if nobody else is available."""
        present = [pk for pk in available.ids if pk not in available.stand_ins] or available.ids
        if not present:
            return available
        chosen = turns.longest_ago(present, self.called.get(slot_of(rung), {}))
        stand_ins = {pk: absent for pk, absent in available.stand_ins.items() if pk == chosen}
        return AvailablePeople([self.everyone[chosen]], stand_ins)


def slot_of(rung: Rung) -> Slot:
    return rung.ladder_version.ladder_id, rung.position, rung.branch


def crew(
    ladders: Sequence[tuple[Sequence[Rung], Concerned]],
    *,
    notified_ids: Iterable[int] = (),
    at: datetime,
    until: datetime | None = None,
) -> Crew:
    """Return the people whom these rungs may notify at a moment, or from then `until` another one.

    ladders: (rungs, people of the subject) pairs. notified_ids: of people notified before, also returned. One
    query, one more if a rung notifies the holder of a right, one more if people of a rung take turns; however
    many ladders there are.
    """
    rungs = [rung for of_ladder, _ in ladders for rung in of_ladder]
    assigned = _rights_on(rungs, [known for _, known in ladders])
    ids: set[int | None] = {*notified_ids, *(right.person_id for right in assigned)}
    functions: set[int | None] = {right.function_id for right in assigned}
    for _, known in ladders:
        ids |= {*known.asked, known.owner, known.team.lead_id if known.team else None}
    for rung in rungs:
        ids |= set(rung.named)
    functions |= {rung.function_id for rung in rungs if rung.who == Who.FUNCTION}
    named, hours = Q(pk__in=ids - {None}) | Q(function__in=functions - {None}), availability.hours()
    everyone, absences = availability.people_and_absences(
        named, since=hours.day_of(at), until=hours.day_of(until or at)
    )
    return Crew(everyone, absences, hours, assigned, _called_on(rungs))


def _rights_on(rungs: Sequence[Rung], concerned: Sequence[Concerned]) -> list[DecisionRight]:
    """Return the rights whose holders these rungs may notify. No query if no rung notifies such a holder."""
    if not any(rung.who == Who.RIGHT for rung in rungs):
        return []
    models = [known.model_id for known in concerned if known.model_id]
    teams = [known.team.pk for known in concerned if known.team]
    scopes = Q(model__in=models) | Q(model__isnull=True, team__in=teams)
    general = Q(model__isnull=True, team__isnull=True)
    return list(DecisionRight.objects.filter(scopes | general, is_withdrawn=False).order_by("id"))


def _called_on(rungs: Sequence[Rung]) -> dict[Slot, dict[int, int]]:
    """Return whom rungs with turns called last: slot -> user id -> id of the last climb.

    The climbs of all versions of a ladder count, so the turns continue after an edit.
    """
    slots = {slot_of(rung) for rung in rungs if rung.is_in_turn}
    if not slots:
        return {}
    ladder = F("escalation__ladder_version__ladder")
    climbs = Climb.objects.filter(escalation__ladder_version__ladder__in={slot[0] for slot in slots})
    rows = (
        climbs.annotate(ladder=ladder, called=Func(F("notified_ids"), function="unnest"))
        .values_list("ladder", "position", "branch", "called")
        .annotate(last=Max("id"))
        .order_by()
    )
    found: dict[Slot, dict[int, int]] = {}
    for ladder_id, position, branch, called, last in rows:
        found.setdefault((ladder_id, position, branch), {})[called] = last
    return found


def staff(rungs: Sequence[Rung], known: Concerned, *, at: datetime) -> list[Staff]:
    """Return who is on each branch of each rung at this moment."""
    return crew([(rungs, known)], at=at).on(rungs, known, at=at)


def _ids_on(rung: Rung, known: Concerned, active: dict[int, User], right: DecisionRight | None) -> list[int]:
    """Return the ids of the people a rung means. right: of which it notifies the holder, None without one."""
    owner = [known.owner] if known.owner else []
    lead = [known.team.lead_id] if known.team and known.team.lead_id else []
    match rung.who:
        case Who.REVIEWERS:
            return list(known.asked) or owner
        case Who.OWNER:
            return owner
        case Who.TEAM_LEAD:
            return lead
        case Who.FUNCTION:
            return _of_function(rung.function_id, active)
        case Who.RIGHT:
            return _holders(right, lead, active) if right else []
        case _:
            return rung.named


def _holders(right: DecisionRight, lead: list[int], active: dict[int, User]) -> list[int]:
    if right.who == Holder.TEAM_LEAD:
        return lead
    return [right.person_id] if right.person_id else _of_function(right.function_id, active)


def _of_function(function_id: int | None, active: dict[int, User]) -> list[int]:
    return [pk for pk, person in sorted(active.items()) if person.function_id == function_id]


def _may_act(person: User) -> bool:
    return person.is_active and person.role != Role.VIEWER


_LEFT = "has left without a successor"
_VIEWER = "is a viewer, who may only read"


_WHY_EMPTY: dict[str, str] = {
    Who.REVIEWERS: "no reviewers and no owner",
    Who.OWNER: "no owner",
    Who.FUNCTION: "nobody has this function",
    Who.RIGHT: "nobody holds this decision right",
}


def _why_empty(rung: Rung, user_ids: list[int], known: Concerned, right: DecisionRight | None) -> str:
    if user_ids:
        return "absent without a stand-in"
    if rung.who == Who.TEAM_LEAD or (right is not None and right.who == Holder.TEAM_LEAD):
        return "the team has no lead" if known.team else "no team"
    return _WHY_EMPTY.get(rung.who, "no person chosen")


def why_skipped_by_position(staffed: Iterable[Staff], severity: str) -> dict[int, str]:
    """Return why each rung is skipped, if it is: position -> the reason of each branch of the severity."""
    by_position: dict[int, list[Staff]] = {}
    for staff in staffed:
        by_position.setdefault(staff.rung.position, []).append(staff)
    return {position: _why_skipped(branches, severity) for position, branches in by_position.items()}


def _why_skipped(branches: Sequence[Staff], severity: str) -> str:
    applying = [staff for staff in branches if RungRule.of(staff.rung).is_for(severity)]
    if not applying:
        return f"only for {' or '.join(sorted({staff.rung.severity for staff in branches}))} escalations"
    reasons = [staff.empty or "only outside working hours" for staff in applying]
    return "; ".join(dict.fromkeys(reasons))


def last_resort() -> list[User]:
    """Return who is notified if no rung of a ladder has people: risk managers, else administrators."""
    for role in (Role.RISK_MANAGER, Role.ADMINISTRATOR):
        people = list(User.objects.active().filter(role=role).select_related("subject").order_by("id"))
        if people:
            return people
    return []


def next_call_at(escalation: Escalation) -> datetime | None:
    """Return when its rung is called again if nobody answers; None below the top rung and after all calls."""
    if not escalation.is_at_top or escalation.rung_since is None:
        return None
    calls = (
        Climb.objects.filter(escalation=escalation, position=escalation.rung).exclude(notified_ids=[]).count()
    )
    return rules.next_call(escalation.rung_since, calls, availability.hours())
