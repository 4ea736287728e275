"""Reading ladders, and whom they would notify if something were escalated now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet

from people.models import Team, User
from people.working import Hours
from risklog import ladder as rules
from risklog.ladder import RungRule
from risklog.models import Ladder, LadderVersion, Rung
from risklog.queries import availability
from risklog.queries import rung as rung_queries
from risklog.queries.rung import Concerned, Staff


def for_pages(user: User) -> QuerySet[Ladder]:
    """Return the ladders in use, the most general first, each with its current version."""
    current = LadderVersion.objects.filter(is_current=True).prefetch_related(
        Prefetch("rungs", Rung.objects.select_related("function", "person").order_by("position"))
    )
    rows = (
        Ladder.objects.visible_to(user).filter(is_retired=False).select_related("subject", "category", "team")
    )
    return rows.prefetch_related(Prefetch("versions", current, to_attr="in_force")).order_by("severity", "id")


def rungs_of(ladder: Any) -> list[Rung]:
    """Return the rungs in force of a ladder of for_pages(), lowest first."""
    return list(ladder.in_force[0].rungs.all())


def current_rungs(ladder: Ladder) -> list[dict[str, Any]]:
    """Return the rungs in force now as the form compares them, lowest first. One query."""
    rows = Rung.objects.filter(ladder_version__ladder=ladder, ladder_version__is_current=True)
    return [
        {name: getattr(rung, name) for name in ("who", "function", "person", "within_minutes")}
        for rung in rows.select_related("function", "person").order_by("position")
    ]


@dataclass(frozen=True, slots=True)
class Call:
    """One rung if something were escalated now.

    staff: who is on it. at: when they would be notified, None if the rung is skipped.
    """

    staff: Staff
    at: datetime | None

    @property
    def is_skipped(self) -> bool:
        return self.at is None


def rehearse(ladders: Sequence[tuple[list[Rung], Team | None]], *, at: datetime) -> list[list[Call]]:
    """Return what happens on each ladder if something of the team is escalated now and nobody answers.

    ladders: (rungs, team) pairs. Costs one query beside the organisation, however many ladders there are.
    """
    hours = availability.hours()
    asked = [(rungs, Concerned(team=team)) for rungs, team in ladders]
    crew = rung_queries.crew(asked, at=at)
    return [_rehearsed(crew.on(rungs, known), hours, at) for rungs, known in asked]


def _rehearsed(staffed: list[Staff], hours: Hours, at: datetime) -> list[Call]:
    rungs = [RungRule.of(staff.rung) for staff in staffed]
    # The reviewers or the owner of a future subject are not known, so such a rung counts as filled.
    filled = {staff.rung.position for staff in staffed if staff.on.people or is_of_the_subject(staff.rung)}
    notified: dict[int, datetime] = {}
    position, now, is_first = 0, at, True
    while True:
        outcome = rules.next_step(rungs, position, now, hours, filled, at_once=is_first)
        if isinstance(outcome, rules.Waits):
            now = outcome.until
            continue
        if isinstance(outcome, rules.Stays):
            break
        is_first, position = False, outcome.position
        notified[position] = now
        if outcome.next_at is None:
            break
        now = outcome.next_at
    return [Call(staff, notified.get(staff.rung.position)) for staff in staffed]


def is_of_the_subject(rung: Rung) -> bool:
    """Return True if the rung notifies people of the escalated subject."""
    return rung.who in {"reviewers", "owner"}


def length(minutes: int) -> str:
    """Return minutes in words: 240 -> "4 hours"."""
    span = timedelta(minutes=minutes)
    if span.days and not span.seconds:
        return f"{span.days} day{'' if span.days == 1 else 's'}"
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour{'' if hours == 1 else 's'}"] if hours else []
    if rest:
        parts.append(f"{rest} minute{'' if rest == 1 else 's'}")
    return " ".join(parts)
