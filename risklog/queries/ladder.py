"""The ladders as everybody can read them, and who would be called if something were raised now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet

from people.models import Team
from risklog import ladder as rules
from risklog.ladder import Step
from risklog.models import Ladder, LadderVersion, Rung
from risklog.queries import presence
from risklog.queries import rung as rung_queries
from risklog.queries.rung import Concerned, Staff


def for_pages(user: Any) -> QuerySet[Ladder]:
    """Ladders that are not retired, the most general first, each with its version in force."""
    current = LadderVersion.objects.filter(is_current=True).prefetch_related(
        Prefetch("rungs", Rung.objects.select_related("function", "person").order_by("position"))
    )
    rows = (
        Ladder.objects.visible_to(user).filter(is_retired=False).select_related("subject", "category", "team")
    )
    return rows.prefetch_related(Prefetch("versions", current, to_attr="in_force")).order_by("severity", "id")


@dataclass(frozen=True, slots=True)
class Call:
    """One rung if something were raised now: who is on it, and when it would hear. at None: it is skipped."""

    staff: Staff
    at: datetime | None

    @property
    def is_skipped(self) -> bool:
        return self.at is None


def rehearse(ladders: Sequence[tuple[list[Rung], Team | None]], *, at: datetime) -> list[list[Call]]:
    """For each ladder: what would happen if something of the team were raised now and nobody did anything.

    One query beside the organisation, however many ladders.
    """
    hours = presence.hours()
    asked = [(rungs, Concerned(team=team)) for rungs, team in ladders]
    crew = rung_queries.crew(asked, at=at)
    return [_rehearsed(crew.on(rungs, known), hours, at) for rungs, known in asked]


def _rehearsed(staffed: list[Staff], hours: Any, at: datetime) -> list[Call]:
    rungs = [one.rung for one in staffed]
    steps = [Step(one.position, one.within_minutes, one.is_round_the_clock) for one in rungs]
    # Who asks or owns it is not known beforehand: such a rung counts as filled.
    manned = {one.rung.position for one in staffed if one.on.people or is_of_the_subject(one.rung)}
    calls: dict[int, datetime] = {}
    position, now, first = 0, at, True
    while True:
        step = rules.next_step(steps, position, now, hours, manned, at_once=first)
        if isinstance(step, rules.Waits):
            now = step.until
            continue
        if isinstance(step, rules.Stays):
            break
        first, position = False, step.position
        calls[position] = now
        if step.next_at is None:
            break
        now = step.next_at
    return [Call(one, calls.get(one.rung.position)) for one in staffed]


def is_of_the_subject(rung: Rung) -> bool:
    """Whether whom it calls depends on what is escalated."""
    return rung.who in {"reviewers", "owner"}


def length(minutes: int) -> str:
    """Minutes in words: 240 -> "4 hours"."""
    span = timedelta(minutes=minutes)
    if span.days and not span.seconds:
        return f"{span.days} day{'' if span.days == 1 else 's'}"
    hours, rest = divmod(minutes, 60)
    words = [f"{hours} hour{'' if hours == 1 else 's'}"] if hours else []
    if rest:
        words.append(f"{rest} minute{'' if rest == 1 else 's'}")
    return " ".join(words)
