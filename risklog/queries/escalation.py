"""Reading escalations: their rungs, who was notified when, and when they climb next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from kit import clock
from kit.sight import Visitor
from lists.specification import Reader
from people.models import Function, User
from risklog.filters import ESCALATION_VIEWS, RESOLVED_ORDER
from risklog.models import Climb, Escalation, Review, Rung
from risklog.queries import rung as rung_queries
from risklog.queries.rung import Concerned
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
    rungs = Rung.objects.filter(ladder_version=OuterRef("ladder_version")).order_by("position")
    climbs = Climb.objects.filter(escalation=OuterRef("pk")).order_by("round", "position", "id")
    return escalations(user).annotate(
        ladder=ArraySubquery(
            rungs.values(row=JSONObject(**_same(_RUNG), function="function__name", person="person__name"))
        ),
        called=ArraySubquery(climbs.values(row=JSONObject(**_same(_CALLED)))),
        asked=ArraySubquery(rung_queries.unanswered_about(OuterRef("about")).values("user_id")),
    )


_RUNG = ("position", "who", "within_minutes", "is_round_the_clock", "function_id", "person_id")
_CALLED = ("position", "at", "told", "stand_ins", "skipped")


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

    position: int
    at: datetime
    told: list[int]
    stand_ins: dict[str, int]
    skipped: str


@dataclass(frozen=True, slots=True)
class RungProgress:
    """One rung of an escalation as the page shows it.

    place: passed, skipped, now, next or above. people: who was notified, or who would be. stand_ins: ids of
    the people who stand in for somebody who is away. why_empty: why it has no people.
    """

    rung: Rung
    place: str
    people: list[User]
    stand_ins: frozenset[int]
    at: datetime | None
    why_empty: str
    minutes_used: int


def progress_of(escalation: Any, *loaded: Any, at: datetime) -> list[RungProgress]:
    """Return the progress on each rung of the escalation's ladder version, highest first.

    escalation: of for_ladder(). loaded: objects that the page has, perhaps with the escalated one.
    """
    rungs = [_rung(row) for row in escalation.ladder]
    climbs = {climb.position: climb for climb in _called(escalation) if climb.position <= escalation.rung}
    above = [rung for rung in rungs if rung.position > escalation.rung]
    if escalation.state == EscalationState.RESOLVED:
        above = []
    known = rung_queries.owner_and_team_of(escalation.about, *loaded) if above else Concerned()
    known = Concerned(tuple(escalation.asked), known.owner, escalation.team or known.team)
    told = [pk for climb in climbs.values() for pk in climb.told]
    crew = rung_queries.crew([(above, known)], told=told, at=at)
    planned = {staff.rung.position: staff for staff in crew.on(above, known)}
    upcoming = next((rung.position for rung in above if planned[rung.position].on.people), None)
    progress = []
    for rung in reversed(rungs):
        climb, plan = climbs.get(rung.position), planned.get(rung.position)
        if climb:
            people = [crew.everyone[pk] for pk in climb.told if pk in crew.everyone]
            stand_ins = frozenset(int(pk) for pk in climb.stand_ins)
        else:
            people = plan.on.people if plan else []
            stand_ins = frozenset(plan.on.stand_ins) if plan else frozenset()
        progress.append(
            RungProgress(
                rung=rung,
                place=_place(escalation, rung, climb, upcoming),
                people=people,
                stand_ins=stand_ins,
                at=climb.at if climb else None,
                why_empty=climb.skipped if climb else (plan.empty if plan else ""),
                minutes_used=_minutes_used(escalation, at),
            )
        )
    return progress


def _rung(row: dict[str, Any]) -> Rung:
    rung = Rung(**{name: row[name] for name in _RUNG})
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
        return "skipped" if climb is None or (climb.skipped and not climb.told) else "passed"
    if rung.position == upcoming and escalation.next_climb_at:
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
        "rungs": progress_of(escalation, obj, *getattr(obj, "shown_reviews", ()), at=at),
        "minutes": minutes_between(escalation),
    }
