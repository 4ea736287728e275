"""Reading ladders, and whom they would notify if something were escalated now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet

from catalogue.models import Model
from people.models import Team, User
from risklog import ladder as rules
from risklog.ladder import RungRule
from risklog.models import Ladder, LadderVersion, Rung
from risklog.queries import rung as rung_queries
from risklog.queries.concerned import Concerned
from risklog.queries.rung import Crew, Staff
from risklog.states import Severity

# How far ahead absences are read for a forecast. A ladder that takes longer counts later people as present.
HORIZON = timedelta(days=366)


def for_pages(user: User) -> QuerySet[Ladder]:
    """Return the ladders in use, the most general first, each with its current version."""
    current = LadderVersion.objects.filter(is_current=True).prefetch_related(
        Prefetch(
            "rungs",
            Rung.objects.select_related("ladder_version", "function", "person").order_by(
                "position", "branch"
            ),
        )
    )
    rows = (
        Ladder.objects.visible_to(user).filter(is_retired=False).select_related("subject", "category", "team")
    )
    return rows.prefetch_related(Prefetch("versions", current, to_attr="in_force")).order_by("severity", "id")


def rungs_of(ladder: Any) -> list[Rung]:
    """Return the rungs in force of a ladder of for_pages(), lowest first."""
    return list(ladder.in_force[0].rungs.all())


def current_rungs(ladder: Ladder) -> list[Rung]:
    """Return the rungs in force now, lowest first. One query."""
    rows = Rung.objects.filter(ladder_version__ladder=ladder, ladder_version__is_current=True)
    return list(rows.select_related("function", "person").order_by("position", "branch"))


def chosen(
    ladders: Sequence[Ladder], *, severity: str, category_id: int | None, team_id: int | None
) -> Ladder | None:
    """Return the one of these ladders that an escalation of this severity, category and team would use."""
    oldest_first = sorted(ladders, key=lambda ladder: ladder.pk)
    found = rules.most_specific(oldest_first, severity=severity, category_id=category_id, team_id=team_id)
    return next((ladder for ladder in ladders if found and ladder.pk == found.id), None)


@dataclass(frozen=True, slots=True)
class Call:
    """One rung of what will happen.

    staff: who is on the branch that is notified, at its moment; on its first branch if the rung is skipped.
    at: when they are notified, None if the rung is skipped. why: why it is skipped, "" otherwise.
    """

    staff: Staff
    at: datetime | None
    why: str = ""

    @property
    def is_skipped(self) -> bool:
        return self.at is None

    @property
    def people(self) -> list[User]:
        return self.staff.on.people


@dataclass(frozen=True, slots=True)
class Case:
    """What would be escalated: a ladder's rungs, what is known of the subject, and the severity."""

    rungs: Sequence[Rung]
    known: Concerned
    severity: str


@dataclass(frozen=True, slots=True)
class Question:
    """What would be escalated. The team of a model is used if no team is given."""

    severity: str = Severity.WARNING
    category_id: int | None = None
    team: Team | None = None
    model: Model | None = None

    @property
    def owner_team(self) -> Team | None:
        return self.team or (self.model.owner_team if self.model else None)

    def known(self, team: Team | None = None) -> Concerned:
        """Return what is known of the subject. team: of a ladder for one team, which takes precedence."""
        model_id = self.model.pk if self.model else None
        return Concerned(team=team or self.owner_team, model_id=model_id, category_id=self.category_id)


@dataclass(frozen=True, slots=True)
class Preview:
    """A ladder with what would happen on it now. calls: lowest rung first. is_chosen: whether it applies."""

    ladder: Ladder
    calls: list[Call]
    is_chosen: bool

    @property
    def highest_first(self) -> list[Call]:
        return self.calls[::-1]


def previews(user: User, question: Question, *, at: datetime) -> list[Preview]:
    """Return all ladders in use with what would happen now, the one that applies to the question first.

    The others are previewed for an escalation that they are for: of their own severity and team.
    """
    ladders = list(for_pages(user))
    team = question.owner_team
    applies = chosen(
        ladders,
        severity=question.severity,
        category_id=question.category_id,
        team_id=team.pk if team else None,
    )
    cases = [
        Case(
            rungs_of(ladder),
            question.known(None if ladder == applies else ladder.team),
            question.severity if ladder == applies else (ladder.severity or question.severity),
        )
        for ladder in ladders
    ]
    found = [
        Preview(ladder, calls, ladder == applies)
        for ladder, calls in zip(ladders, rehearse(cases, at=at), strict=True)
    ]
    return sorted(found, key=lambda preview: not preview.is_chosen)


def rehearse(cases: Sequence[Case], *, at: datetime) -> list[list[Call]]:
    """Return what happens in each case if it is escalated now and nobody answers, lowest rung first.

    Costs the queries of rung.crew() beside the organisation, however many cases there are.
    """
    asked = [(case.rungs, case.known) for case in cases]
    crew = rung_queries.crew(asked, at=at, until=at + HORIZON)
    return [forecast(crew, case, at=at, is_new=True) for case in cases]


def forecast(crew: Crew, case: Case, *, at: datetime, position: int = 0, is_new: bool = False) -> list[Call]:
    """Return what happens on each rung above `position` if it climbs from there `at` and nobody answers.

    The people are those of the rung's own moment: who is on duty, present and a stand-in then. is_new: it is
    only being escalated, so its first rung is notified at once, and its reviewers and owner are not known.
    """
    rungs = sorted(case.rungs, key=lambda rung: (rung.position, rung.branch))
    above = [rung for rung in rungs if rung.position > position]
    shaped = [RungRule.of(rung) for rung in rungs]
    calls: dict[int, Call] = {}
    is_first, here, now = is_new, position, at
    while True:
        staffed = crew.on(above, case.known, at=now)
        filled = {
            RungRule.of(staff.rung).place
            for staff in staffed
            if staff.on.people or (is_new and is_of_the_subject(staff.rung))
        }
        outcome = rules.next_step(
            shaped, here, now, crew.hours, filled, severity=case.severity, at_once=is_first
        )
        if isinstance(outcome, rules.Waits):
            now = outcome.until
            continue
        calls |= _skipped(staffed, outcome.skipped, case.severity)
        if isinstance(outcome, rules.Stays):
            break
        taken = outcome.position, outcome.branch
        reached = next(staff for staff in staffed if RungRule.of(staff.rung).place == taken)
        calls[outcome.position] = Call(reached, now)
        if outcome.next_at is None:
            calls |= _skipped(staffed, _after(above, outcome.position), case.severity)
            break
        is_first, here, now = False, outcome.position, outcome.next_at
    return [calls[found] for found in sorted(calls)]


def _after(rungs: Sequence[Rung], position: int) -> list[int]:
    return sorted({rung.position for rung in rungs if rung.position > position})


def _skipped(staffed: Sequence[Staff], positions: Sequence[int], severity: str) -> dict[int, Call]:
    """Return the calls of these rungs, which are skipped: position -> call."""
    why = rung_queries.why_skipped_by_position(staffed, severity)
    first = {staff.rung.position: staff for staff in reversed(staffed)}
    return {position: Call(first[position], None, why[position]) for position in positions}


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
