"""The events of scoring together, a part of the events of this room (events.py). All are on the risk."""

from typing import Any

from history.declarations import EventType, Payload
from history.recipients import listed_in_payload
from history.states import NewsGroup
from risklog.recipients import risk_owner, scorers


class ScoringStarted(Payload, verb="risklog.scoring_started"):
    asked: list[int]
    ends_on: str
    is_residual: bool


class ScoringAsked(Payload, verb="risklog.scoring_asked"):
    asked: list[int]


class ScoringReminded(Payload, verb="risklog.scoring_reminded"):
    told: list[int]
    ends_on: str


class ScoreGiven(Payload, verb="risklog.score_given"):
    """It has no figures, because it can be read before the reveal."""

    is_first: bool


class ScoresRevealed(Payload, verb="risklog.scores_revealed"):
    """scores: {"user_id", "likelihood", "impact", "reason"}. likelihood, impact: [lowest, highest]."""

    scores: list[dict[str, Any]]
    likelihood: list[int]
    impact: list[int]


class ScoringCancelled(Payload, verb="risklog.scoring_cancelled"):
    reason: str | None = None


class ScoreAgreed(Payload, verb="risklog.score_agreed"):
    likelihood: int
    impact: int
    reason: str | None = None


_SCORE = listed_in_payload("asked", reason="Your score is requested")

SCORING_EVENTS = (
    EventType(ScoringStarted, (_SCORE,), group=NewsGroup.REVIEWS),
    EventType(ScoringAsked, (_SCORE,), group=NewsGroup.REVIEWS),
    EventType(
        ScoringReminded,
        (listed_in_payload("told", reason="Your score is due today"),),
        group=NewsGroup.REVIEWS,
    ),
    EventType(ScoreGiven, is_minor=True),
    EventType(ScoresRevealed, (scorers, risk_owner), group=NewsGroup.REVIEWS),
    EventType(ScoringCancelled, (scorers,), group=NewsGroup.REVIEWS),
    EventType(ScoreAgreed, (scorers,), group=NewsGroup.REVIEWS),
)
