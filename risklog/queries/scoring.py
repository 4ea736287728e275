"""Reading rounds of scoring: who is awaited, who could be asked, and what a reader may know of the scores."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import JSONObject

from history.models import Subject
from kit.sight import Visitor
from people import queries as people
from people.models import Function, User
from people.states import Role
from risklog import routing
from risklog.models import Risk, Score, ScoringRound
from risklog.queries import availability
from risklog.queries import review as reviews
from risklog.spread import Spread, spread_of
from risklog.states import ScoringState

# Of a risk whose category has no kind of signal: the functions that review drift.
_DEFAULT_KIND = "drift"
# Columns of a score that only its author may read before the reveal.
SEALED = ("likelihood", "impact", "reason")


def rounds(user: Visitor) -> QuerySet[ScoringRound]:
    """Return the rounds of the risks that this reader may see, with the people they name."""
    rows = ScoringRound.objects.visible_to(user)
    return rows.select_related("risk__subject", "started_by", "revealed_by", "agreed_by")


def open_round(risk: Risk) -> ScoringRound | None:
    """Return the round in which people score a risk now, None without one."""
    return ScoringRound.objects.filter(risk=risk, state=ScoringState.OPEN).first()


def latest_round(risk: Risk) -> ScoringRound | None:
    """Return the latest round of a risk that was not cancelled, None without one."""
    rows = ScoringRound.objects.filter(risk=risk).exclude(state=ScoringState.CANCELLED)
    return rows.select_related("started_by", "revealed_by", "agreed_by").order_by("-id").first()


def scores(user: Visitor) -> QuerySet[Score]:
    """Return the scores of the risks that this reader may see, with what the reader may know of them.

    shown_likelihood, shown_impact, shown_reason: None before the reveal, except in the reader's own score.
    The columns of the row itself are not loaded, so no caller shows them by mistake.
    """
    is_readable = Q(round__state=ScoringState.REVEALED) | Q(user=user.pk)
    shown: dict[str, Any] = {f"shown_{name}": Case(When(is_readable, then=F(name))) for name in SEALED}
    rows = Score.objects.visible_to(user).defer(*SEALED).annotate(**shown)
    return rows.select_related("user", "function", "stands_in_for", "round").order_by("id")


# ------------------------------------------------------------------ who is asked


def awaited(scoring_round: ScoringRound, *, at: datetime) -> list[Score]:
    """Return the scores that are missing and can still be given, in the order in which people were asked.

    A person who left, became a viewer, may no longer see the risk, or is away that day cannot score.
    """
    rows = scoring_round.scores.filter(answered_at__isnull=True, user__is_active=True)
    rows = rows.exclude(user__role=Role.VIEWER).defer(*SEALED).select_related("user").order_by("id")
    away = availability.away_on(availability.day_of(at))
    subject = Subject.objects.get(pk=scoring_round.subject_id)
    return [row for row in rows if row.user_id not in away and subject.is_visible_to(row.user)]


def missing_stand_ins(
    scoring_round: ScoringRound, *, at: datetime
) -> list[tuple[User, User, Function | None]]:
    """Return whom to ask in place of people who are away: (absent, stand-in, function of the absent)."""
    day = availability.day_of(at)
    rows = list(scoring_round.scores.defer(*SEALED).select_related("user", "function").order_by("id"))
    waiting = [row for row in rows if row.answered_at is None and row.user.is_active]
    stand_ins = people.stand_ins([row.user for row in waiting], day)
    away, asked = availability.away_on(day), {row.user_id for row in rows}
    found = []
    for row in waiting:
        stand_in = stand_ins[row.user_id]
        if row.user_id not in away or stand_in is None:
            continue
        if stand_in.role == Role.VIEWER or stand_in.pk in asked:
            continue
        asked.add(stand_in.pk)
        found.append((row.user, stand_in, row.function))
    return found


def proposed(risk: Risk, *, at: datetime) -> list[int]:
    """Return the ids of the people to ask about a risk: of several functions, fairly by load, nobody away."""
    kind = risk.category.kind or _DEFAULT_KIND
    candidates = reviews.candidates(risk.subject, risk.model, day=availability.day_of(at))
    proposals, _ = routing.propose(kind, candidates)
    return [proposal.id for proposal in proposals]


def people_to_ask() -> QuerySet[User]:
    """Return who can be asked to score: active people who may write, by name."""
    return people.people().exclude(role=Role.VIEWER).select_related("function")


# ------------------------------------------------------------------ the page


@dataclass(frozen=True, slots=True)
class RoundView:
    """What one reader sees of a round.

    scores: with the shown figures. own: the reader's score, None if they were not asked. answered: how many
    have scored. likelihood, impact: the spreads after the reveal, None before.
    """

    round: ScoringRound
    scores: list[Score]
    own: Score | None
    answered: int
    likelihood: Spread | None
    impact: Spread | None

    @property
    def spreads(self) -> list[tuple[str, Spread]]:
        """Return the label and the spread of each figure; [] before the reveal."""
        pairs = (("Likelihood", self.likelihood), ("Impact", self.impact))
        return [(label, spread) for label, spread in pairs if spread is not None]

    @property
    def given(self) -> list[Score]:
        """Return the scores of those who have scored."""
        return [score for score in self.scores if score.answered_at]

    @property
    def is_gap(self) -> bool:
        """Return True if the likelihoods or the impacts are so far apart that people should discuss them."""
        return any(spread is not None and spread.is_gap for spread in (self.likelihood, self.impact))

    @property
    def discussed(self) -> list[Score]:
        """Return the scores at the ends of the gaps: their reasons are what to discuss."""
        return [score for score in self.scores if self._is_end(score)]

    def _is_end(self, score: Any) -> bool:
        pairs = ((self.likelihood, score.shown_likelihood), (self.impact, score.shown_impact))
        return any(
            spread is not None and figure is not None and spread.is_end(figure) for spread, figure in pairs
        )


def view_of(user: Visitor, risk: Risk) -> RoundView | None:
    """Return what a reader sees of the latest round of a risk, None without one. At most two queries."""
    scoring_round = latest_round(risk)
    if scoring_round is None:
        return None
    rows: list[Any] = list(scores(user).filter(round=scoring_round))
    is_revealed = scoring_round.state == ScoringState.REVEALED
    return RoundView(
        round=scoring_round,
        scores=rows,
        own=next((row for row in rows if row.user_id == user.pk), None),
        answered=sum(row.answered_at is not None for row in rows),
        likelihood=_spread(row.shown_likelihood for row in rows) if is_revealed else None,
        impact=_spread(row.shown_impact for row in rows) if is_revealed else None,
    )


def _spread(figures: Iterable[int | None]) -> Spread | None:
    return spread_of(figure for figure in figures if figure is not None)


def of_each_risk(user: User) -> ArraySubquery:
    """Return the latest round of each risk as a list of one row, for annotate(); [] without one.

    The row has state, ends_on, agreed_at, and waits_for_me: whether the reader is asked and has not scored.
    """
    waiting = Score.objects.filter(round=OuterRef("pk"), user=user, answered_at__isnull=True)
    rows = ScoringRound.objects.filter(risk=OuterRef("pk")).exclude(state=ScoringState.CANCELLED)
    row = JSONObject(state="state", ends_on="ends_on", agreed_at="agreed_at", waits_for_me=Exists(waiting))
    return ArraySubquery(rows.order_by("-id").values(row=row)[:1])


def own_open(risk: Risk, user: User) -> Score | None:
    """Return the reader's score in the open round of a risk, None if they were not asked."""
    rows = Score.objects.filter(round__risk=risk, round__state=ScoringState.OPEN, user=user)
    return rows.defer(*SEALED).first()
