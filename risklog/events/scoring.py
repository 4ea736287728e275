"""The events of scoring together. All are on the risk."""

from typing import Any

from history.declarations import EventType, Mail, Payload
from history.recipients import listed_in_payload
from history.states import InDoubt, NewsGroup
from risklog import mail
from risklog.recipients import asked_to_score, risk_owner, scorers


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


# A mail that may not have arrived is sent again, as that of a review.
_REQUEST = Mail("scoring", mail.scoring_context, mail.score_is_awaited, InDoubt.RESEND)
_REMINDER = Mail("scoring", mail.scoring_context, mail.score_is_awaited)

_ANSWERS = ("risklog.score_given",)

SCORING_EVENTS = (
    EventType(ScoringStarted, (asked_to_score,), _REQUEST, group=NewsGroup.REVIEWS, answered_by=_ANSWERS),
    EventType(ScoringAsked, (asked_to_score,), _REQUEST, group=NewsGroup.REVIEWS, answered_by=_ANSWERS),
    EventType(
        ScoringReminded,
        (listed_in_payload("told", reason="Your score is due today"),),
        _REMINDER,
        group=NewsGroup.REVIEWS,
        answered_by=_ANSWERS,
    ),
    EventType(ScoreGiven, is_minor=True),
    EventType(ScoresRevealed, (scorers, risk_owner), group=NewsGroup.REVIEWS),
    EventType(ScoringCancelled, (scorers,), group=NewsGroup.REVIEWS),
    EventType(ScoreAgreed, (scorers,), group=NewsGroup.REVIEWS),
)
