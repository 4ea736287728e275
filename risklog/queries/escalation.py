"""Reading escalations: their rungs, who was notified when, and when they climb next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from kit import clock
from kit.sight import Visitor
from lists.specification import Reader
from people.models import Function, User
from people.working import Hours
from risklog import ladder as rules
from risklog.filters.escalation import ESCALATION_VIEWS, RESOLVED_ORDER
from risklog.ladder import RungRule
from risklog.models import Climb, Escalation, LadderVersion, Review, Rung
from risklog.queries import channels
from risklog.queries import ladder as ladder_queries
from risklog.queries import rung as rung_queries
from risklog.queries.channels import Channels
from risklog.queries.concerned import Concerned, owner_and_team_of, unanswered_about
from risklog.queries.rung import Crew
from risklog.states import UNRESOLVED, EscalationState


def escalations(user: Visitor) -> QuerySet[Escalation]:
    """Return the escalations that this reader may see, with the objects they name."""
    rows = Escalation.objects.visible_to(user)
    return rows.select_related(
        "subject", "about", "team", "acknowledged_by__subject", "ladder_version__ladder"
    )


def for_pages(user: User) -> QuerySet[Escalation]:
    """Return the same with the rungs, as the rows of a list need them."""
    rows = escalations(user).annotate(resolved_order=RESOLVED_ORDER)
    return rows.prefetch_related("ladder_version__rungs")


def for_ladder(user: User) -> QuerySet[Escalation]:
    """Return the same with what progress_of() needs: rungs, climbs, and who is asked about the same thing."""
    rungs = Rung.objects.filter(ladder_version=OuterRef("ladder_version")).order_by("position", "branch")
    climbs = Climb.objects.filter(escalation=OuterRef("pk")).order_by("round", "position", "id")
    return escalations(user).annotate(
        ladder=ArraySubquery(
            rungs.values(row=JSONObject(**_same(_RUNG), function="function__name", person="person__name"))
        ),
        called=ArraySubquery(climbs.values(row=JSONObject(**_same(_CALLED)))),
        asked=ArraySubquery(unanswered_about(OuterRef("about")).values("user_id")),
    )


_RUNG = (
    "position", "branch", "severity", "when", "who", "within_minutes", "is_round_the_clock", "function_id",
    "person_id", "people", "right", "is_in_turn", "by_mail", "webhooks",
)  # fmt: skip
_CALLED = ("round", "position", "branch", "at", "notified_ids", "stand_ins", "skipped", "by_mail", "webhooks")


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def tab_counts(reader: Reader) -> dict[str, int]:
    """Return how many escalations each view of the list has (filters.ESCALATION_VIEWS). One query."""
    counts = {
        name: Count("pk", filter=condition(reader)) for name, (_, condition) in ESCALATION_VIEWS.items()
    }
    return Escalation.objects.visible_to(reader.user).aggregate(**counts)


@dataclass(frozen=True, slots=True)
class Called:
    """A past climb (risklog.models.Climb): who was notified, or why the rung was skipped."""

    round: int
    position: int
    branch: int
    at: datetime
    notified_ids: list[int]
    stand_ins: dict[str, int]
    skipped: str
    by_mail: bool
    webhooks: list[int]

    @property
    def instead_of(self) -> dict[int, int]:
        """Return id of a person who was notified -> id of the absent person they stood in for."""
        return {int(pk): absent for pk, absent in self.stand_ins.items()}


@dataclass(frozen=True, slots=True)
class RungProgress:
    """One rung of an escalation as the page shows it, on the branch that was or will be notified.

    place: passed, skipped, now, next or above. people: who was notified, or who will be. instead_of: id of
    one of `people` -> id of the absent person they stand in for. at: when they were notified. planned_at:
    when they will be if nothing follows; None if the rung will be skipped. why_empty: why it is skipped.
    """

    rung: Rung
    place: str
    people: list[User]
    instead_of: Mapping[int, int]
    at: datetime | None
    planned_at: datetime | None
    why_empty: str
    minutes_used: int


@dataclass(frozen=True, slots=True)
class PastCall:
    """One line of what happened. rung: of the ladder version; None if it has no such rung."""

    call: Called
    rung: Rung | None
    people: list[User]


@dataclass(frozen=True, slots=True)
class Progress:
    """An escalation on its ladder.

    rungs: highest first. past: what happened, in order, with the people by id in `everyone`. begins_at: when
    it climbs next if nothing follows, None if it does not. resumes_at: the end of the pause. call: the
    present rung, if it is called again because none is above.
    """

    rungs: list[RungProgress]
    past: list[Called]
    everyone: dict[int, User]
    begins_at: datetime | None
    resumes_at: datetime | None = None
    call: RungProgress | None = None

    @property
    def history(self) -> list[PastCall]:
        """Return the past calls with their people, oldest first."""
        rungs = {one.rung.position: one.rung for one in self.rungs}
        return [
            PastCall(
                call,
                rungs.get(call.position),
                [self.everyone[pk] for pk in call.notified_ids if pk in self.everyone],
            )
            for call in self.past
        ]

    def channels(self, escalation: Escalation) -> Channels:
        """Return the channels of what happened and of what is planned. No query without webhooks."""
        rows = [*self.past, *(step.rung for step in self.plan)]
        return channels.of_rows(rows, subject_id=escalation.subject_id)

    @property
    def plan(self) -> list[RungProgress]:
        """Return the rungs that come next, lowest first, with those that will be skipped."""
        above = [one for one in reversed(self.rungs) if one.place in {"next", "above"}]
        return [self.call, *above] if self.call else above


def progress_of(escalation: Any, *loaded: Any, at: datetime) -> Progress:
    """Return what happened and what is planned on the rungs of the escalation's ladder version.

    escalation: of for_ladder(). loaded: objects that the page has, perhaps with the escalated one.
    """
    rungs = [_rung(row, escalation.ladder_version) for row in escalation.ladder]
    past = _called(escalation)
    climbs = {climb.position: climb for climb in past if climb.position <= escalation.rung}
    above = [rung for rung in rungs if rung.position > escalation.rung]
    if escalation.state == EscalationState.RESOLVED:
        above = []
    here = [rung for rung in rungs if rung.position == escalation.rung] if _is_last(escalation, rungs) else []
    known = owner_and_team_of(escalation.about, *loaded) if above or here else Concerned()
    known = replace(known, asked=tuple(escalation.asked), team=escalation.team or known.team)
    notified_ids = [pk for climb in past for pk in climb.notified_ids]
    until = at + ladder_queries.HORIZON
    crew = rung_queries.crew([(here + above, known)], notified_ids=notified_ids, at=at, until=until)
    begins_at = _climbs_at(escalation, rungs, crew.hours)
    case = ladder_queries.Case(rungs, known, escalation.severity)
    calls = _planned(crew, case, escalation, begins_at or at) if above else {}
    view = _View(escalation, climbs, calls, crew.everyone, begins_at, at)
    shown = [view.of(position, branches) for position, branches in _by_position(rungs)]
    call = _next_call(escalation, here, past, crew, known)
    return Progress(shown[::-1], past, crew.everyone, begins_at, escalation.paused_until, call)


def _is_last(escalation: Escalation, rungs: Sequence[Rung]) -> bool:
    """Return whether it is on its last rung, also when it is paused there, and nobody acknowledged it."""
    if escalation.state != EscalationState.PAUSED:
        return escalation.is_at_top
    return 0 < rules.top([RungRule.of(rung) for rung in rungs], escalation.severity) <= escalation.rung


def _next_call(
    escalation: Escalation, here: Sequence[Rung], past: Sequence[Called], crew: Crew, known: Concerned
) -> RungProgress | None:
    """Return the present rung with who is called again when; None if it is not. here: its branches."""
    since = escalation.paused_until or escalation.rung_since
    calls = sum(1 for one in past if one.position == escalation.rung and one.notified_ids)
    at = rules.next_call(since, calls, crew.hours) if here and since else None
    if at is None:
        return None
    staffed = crew.on(here, known, at=at)
    staff = next((one for one in staffed if one.rung.branch == escalation.branch), staffed[0])
    return RungProgress(
        rung=staff.rung,
        place="now",
        people=staff.on.people,
        instead_of=staff.on.stand_ins,
        at=None,
        planned_at=at,
        why_empty=staff.empty,
        minutes_used=0,
    )


def _by_position(rungs: Sequence[Rung]) -> list[tuple[int, list[Rung]]]:
    return [(position, list(found)) for position, found in groupby(rungs, key=lambda rung: rung.position)]


def _climbs_at(escalation: Escalation, rungs: Sequence[Rung], hours: Hours) -> datetime | None:
    """Return when it climbs next if nothing follows; for a paused one, when it does after the pause."""
    if escalation.state != EscalationState.PAUSED or escalation.paused_until is None:
        return escalation.next_climb_at
    shaped = [RungRule.of(rung) for rung in rungs]
    return rules.limit(
        shaped,
        escalation.rung,
        escalation.paused_until,
        hours,
        branch=escalation.branch,
        severity=escalation.severity,
    )


def _planned(
    crew: Crew, case: ladder_queries.Case, escalation: Escalation, begins_at: datetime
) -> dict[int, ladder_queries.Call]:
    calls = ladder_queries.forecast(crew, case, at=begins_at, position=escalation.rung)
    return {call.staff.rung.position: call for call in calls}


@dataclass(frozen=True, slots=True)
class _View:
    """What progress_of() knows. climbs: position -> what happened; calls: position -> what will happen."""

    escalation: Escalation
    climbs: Mapping[int, Called]
    calls: Mapping[int, ladder_queries.Call]
    everyone: Mapping[int, User]
    begins_at: datetime | None
    at: datetime

    def of(self, position: int, branches: Sequence[Rung]) -> RungProgress:
        """Return the progress on the rung of these branches."""
        climb, call = self.climbs.get(position), self.calls.get(position)
        taken = climb.branch if climb else (call.staff.rung.branch if call else 1)
        rung = next((rung for rung in branches if rung.branch == taken), branches[0])
        people = call.people if call and not call.is_skipped else []
        instead_of = call.staff.on.stand_ins if call else {}
        if climb:
            people = [self.everyone[pk] for pk in climb.notified_ids if pk in self.everyone]
            instead_of = climb.instead_of
        upcoming = next((place for place, call in self.calls.items() if not call.is_skipped), None)
        return RungProgress(
            rung=rung,
            place=_place(self.escalation, rung, climb, upcoming if self.begins_at else None),
            people=people,
            instead_of=instead_of,
            at=climb.at if climb else None,
            planned_at=call.at if call and self.begins_at else None,
            why_empty=climb.skipped if climb else (call.why if call else ""),
            minutes_used=_minutes_used(self.escalation, self.at),
        )


def _rung(row: dict[str, Any], version: LadderVersion) -> Rung:
    rung = Rung(ladder_version=version, **{name: row[name] for name in _RUNG})
    if rung.function_id:
        rung.function = Function(pk=rung.function_id, name=row["function"])
    if rung.person_id:
        rung.person = User(pk=rung.person_id, name=row["person"])
    return rung


def _called(escalation: Any) -> list[Called]:
    return [Called(**row | {"at": datetime.fromisoformat(row["at"])}) for row in escalation.called]


def _place(escalation: Escalation, rung: Rung, climb: Called | None, upcoming: int | None) -> str:
    if rung.position == escalation.rung:
        return "passed" if escalation.state == EscalationState.RESOLVED else "now"
    if rung.position < escalation.rung:
        return "skipped" if climb is None or (climb.skipped and not climb.notified_ids) else "passed"
    if rung.position == upcoming:
        return "next"
    return "above"


def _minutes_used(escalation: Escalation, at: datetime) -> int:
    if escalation.rung_since is None:
        return 0
    return max(0, int((at - escalation.rung_since).total_seconds() // 60))


def minutes_between(escalation: Escalation) -> int:
    """Return the minutes, also outside working hours, from this rung to the next climb; 0 if unknown."""
    if escalation.next_climb_at is None or escalation.rung_since is None:
        return 0
    return max(1, int((escalation.next_climb_at - escalation.rung_since).total_seconds() // 60))


def rail(user: User, obj: Any, *, at: datetime | None = None) -> dict[str, Any] | None:
    """Return what a page shows of the escalation of its object or of a review of it; None without one.

    Two queries: the escalation with its ladder, and the people on it; one more for a review that the page
    does not show (review.of_subject).
    """
    at = at or clock.now()
    reviews = Review.objects.filter(about=obj.subject_id).values("subject")
    rows = for_ladder(user).filter(Q(about=obj.subject_id) | Q(about__in=reviews), state__in=UNRESOLVED)
    escalation = rows.order_by("-started_at", "-id").first()
    if escalation is None:
        return None
    return {
        "escalation": escalation,
        "rungs": progress_of(escalation, obj, *getattr(obj, "shown_reviews", ()), at=at).rungs,
        "minutes": minutes_between(escalation),
    }
