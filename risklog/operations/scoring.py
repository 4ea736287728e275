"""Scoring a risk together: start a round, score blind, reveal, and take the agreed score over.

Nobody reads the scores of others before the reveal, also not in history: the event of a score has no figures.
The owner of the risk or a risk manager reveals. A round reveals itself when nobody is awaited any more, and
after its last day.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from history.queries import changed_fields
from history.states import GrantReason
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people import queries as people
from people.models import User
from risklog.events import scoring as events
from risklog.models import Risk, Score, ScoringRound
from risklog.operations import risk as risks
from risklog.operations.reviewer import with_stand_in
from risklog.queries import scoring as queries
from risklog.states import RiskState, ScoringState

REMINDER, ENDS = "risklog.scoring_reminder", "risklog.scoring_ends"
MAX_DAYS, MAX_PEOPLE = 60, 20


# ------------------------------------------------------------------ start


@transaction.atomic
def start(
    risk: Risk,
    *,
    users: Sequence[User],
    ends_on: date,
    by: Actor,
    at: datetime,
    is_residual: bool = False,
    seen: int | None = None,
) -> ScoringRound:
    """Start a round: ask people of at least two functions to score a risk.

    users: a person who is away is replaced by their stand-in. ends_on: the last day, after which the scores
    are revealed. is_residual: score the residual risk. Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    if risk.state == RiskState.CLOSED:
        raise IllegalMove("This risk is closed. Reopen it first.", field="state")
    if queries.open_round(risk) is not None:
        raise IllegalMove("People score this risk already. Reveal or cancel that first.", field="state")
    check_end(ends_on, at=at)
    scoring_round = ScoringRound(
        risk=risk, is_residual=is_residual, started_by=by.person, started_at=at, ends_on=ends_on
    )
    scores = _asked(scoring_round, users, at=at)
    if len({score.function_id for score in scores if score.function_id}) < 2:
        raise Refused("Choose people of at least two functions.", field="users")
    history.lock_scope(risk.subject)
    asked = [score.user_id for score in scores]
    payload = events.ScoringStarted(asked=asked, ends_on=ends_on.isoformat(), is_residual=is_residual)
    history.change(
        risk, {"updated_at": at}, by=by, at=at, seen=seen, payload=payload, rows=[scoring_round, *scores]
    )
    _show(risk, scores, by=by, at=at)
    _plan(scoring_round)
    return scoring_round


def check_end(ends_on: date, *, at: datetime) -> None:
    """Raise Refused unless a round may end on a day."""
    today = people.local_day(at)
    if ends_on < today:
        raise Refused("Choose today or a later day.", field="ends_on")
    if ends_on > today + timedelta(days=MAX_DAYS):
        raise Refused(f"Choose a day within {MAX_DAYS} days.", field="ends_on")


def _asked(scoring_round: ScoringRound, users: Sequence[User], *, at: datetime) -> list[Score]:
    """Return a score to fill in for each person, or for their stand-in; each person once."""
    if not users or len(users) > MAX_PEOPLE:
        raise Refused(f"Choose 2 to {MAX_PEOPLE} people.", field="users")
    found: dict[int, Score] = {}
    for user in users:
        try:
            absent, person = with_stand_in(user, at)
        except Refused as refusal:
            raise Refused(f"{user.name}: {refusal.message}", field="users") from None
        function = (absent or person).function
        found.setdefault(
            person.pk,
            Score(round=scoring_round, user=person, function=function, stands_in_for=absent, asked_at=at),
        )
    return list(found.values())


def _show(risk: Risk, scores: Sequence[Score], *, by: Actor, at: datetime) -> None:
    """Let the people who are asked see the risk."""
    people_ = [score.user for score in scores]
    history.grant_sight(
        [risk.subject], people_, reason=GrantReason.ASKED, by=by, at=at, why="asked to score it"
    )


# ------------------------------------------------------------------ score


@transaction.atomic
def score(
    risk: Risk, *, likelihood: int, impact: int, by: Actor, at: datetime, reason: str = "",
    seen: int | None = None,
) -> Score:  # fmt: skip
    """Record the score of the acting person, or change it until the reveal.

    likelihood, impact: 1 to 5. seen: the version of the person's score. The last awaited score reveals the
    round. Raises Refused for a person who was not asked, IllegalMove without an open round.
    """
    for name, figure in (("likelihood", likelihood), ("impact", impact)):
        if figure not in (1, 2, 3, 4, 5):
            raise Refused("Use a number from 1 to 5.", field=name)
    scoring_round = lock_open(risk)
    own = scoring_round.scores.filter(user=by.person).select_related("user").first() if by.person else None
    if own is None:
        raise Refused("Only people who were asked can score.", field="by")
    if seen is not None and seen != own.version:
        raise ChangedMeanwhile("You changed your score in another window.", present=own)
    own.round = scoring_round
    values = {"likelihood": likelihood, "impact": impact, "reason": reason.strip(), "answered_at": at}
    given = events.ScoreGiven(is_first=own.answered_at is None)
    event = history.record(risk, given, by=by, at=at, rows=[(own, values)])
    reveal_if_complete(scoring_round, at=at, cause=event)
    return own


# ------------------------------------------------------------------ reveal, cancel


@transaction.atomic
def reveal(risk: Risk, *, by: Actor, at: datetime, seen: int | None = None) -> ScoringRound:
    """Reveal the scores that were given. seen: the version of the round. Raises Refused without any."""
    scoring_round = lock_open(risk, seen)
    if not scoring_round.scores.filter(answered_at__isnull=False).exists():
        raise Refused("Nobody has scored yet. Wait, or cancel the round.", field="state")
    return _reveal(scoring_round, by=by, at=at)


@transaction.atomic
def cancel(risk: Risk, *, by: Actor, at: datetime, reason: str = "", seen: int | None = None) -> ScoringRound:
    """End a round without revealing what was scored. seen: the version of the round."""
    return _cancel(lock_open(risk, seen), reason.strip(), by=by, at=at)


def reveal_if_complete(scoring_round: ScoringRound, *, at: datetime, cause: Event) -> None:
    """Reveal a locked round when nobody is awaited any more and somebody has scored."""
    if (
        queries.awaited(scoring_round, at=at)
        or not scoring_round.scores.filter(answered_at__isnull=False).exists()
    ):
        return
    _reveal(scoring_round, by=SYSTEM, at=at, cause=cause)


def _reveal(
    scoring_round: ScoringRound, *, by: Actor, at: datetime, cause: Event | None = None
) -> ScoringRound:
    given = scoring_round.scores.filter(answered_at__isnull=False).order_by("id")
    columns = ("user_id", "likelihood", "impact", "reason")
    rows: list[dict[str, Any]] = [{**row} for row in given.values(*columns)]
    likelihoods, impacts = (sorted(row[name] for row in rows) for name in ("likelihood", "impact"))
    revealed = events.ScoresRevealed(
        scores=rows,
        likelihood=[likelihoods[0], likelihoods[-1]],
        impact=[impacts[0], impacts[-1]],
    )
    values = {"revealed_by": by.person, "ended_at": at}
    history.move(
        scoring_round, ScoringState.REVEALED, by=by, at=at, values=values, payload=revealed, cause=cause
    )
    history.drop_dues(scoring_round.subject_id, REMINDER, ENDS)
    return scoring_round


def _cancel(
    scoring_round: ScoringRound, reason: str, *, by: Actor, at: datetime, cause: Event | None = None
) -> ScoringRound:
    payload = events.ScoringCancelled(reason=reason or None)
    history.move(
        scoring_round,
        ScoringState.CANCELLED,
        by=by,
        at=at,
        values={"ended_at": at},
        payload=payload,
        cause=cause,
    )
    history.drop_dues(scoring_round.subject_id, REMINDER, ENDS)
    return scoring_round


# ------------------------------------------------------------------ agree


@transaction.atomic
def agree(
    risk: Risk,
    *,
    likelihood: int,
    impact: int,
    by: Actor,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
) -> Risk:
    """Take the agreed score over into the risk, once for each round.

    The inherent or the residual score is set, as the round says. seen: the version of the risk. Raises
    Refused, IllegalMove before the reveal, ChangedMeanwhile.
    """
    scoring_round = queries.latest_round(risk)
    if scoring_round is None or scoring_round.state != ScoringState.REVEALED:
        raise IllegalMove("The scores are not revealed.", field="state")
    if scoring_round.agreed_at is not None:
        raise IllegalMove(
            "A score was taken over already. Start another round, or edit the risk.", field="state"
        )
    if risk.state == RiskState.CLOSED:
        raise IllegalMove("This risk is closed. Reopen it first.", field="state")
    scoring_round.risk = risk
    prefix = "residual_" if scoring_round.is_residual else ""
    figures = {f"{prefix}likelihood": likelihood, f"{prefix}impact": impact}
    risks.change(risk, figures, by=by, at=at, seen=seen)
    agreed = {
        "agreed_likelihood": likelihood,
        "agreed_impact": impact,
        "agreed_by": by.person,
        "agreed_at": at,
        "agreed_reason": reason.strip(),
    }
    payload = events.ScoreAgreed(likelihood=likelihood, impact=impact, reason=reason.strip() or None)
    history.change(scoring_round, agreed, by=by, at=at, payload=payload)
    return risk


# ------------------------------------------------------------------ the round


def lock_open(risk: Risk, seen: int | None = None) -> ScoringRound:
    """Lock and return the open round of a risk. Raises IllegalMove without one, ChangedMeanwhile."""
    scoring_round = (
        ScoringRound.objects.select_for_update(of=("self",))
        .filter(risk=risk, state=ScoringState.OPEN)
        .first()
    )
    if scoring_round is None:
        raise IllegalMove("Nobody is asked to score this risk now.", field="state")
    if seen is not None and seen != scoring_round.version:
        raise ChangedMeanwhile("The round changed since you opened it.", present=scoring_round)
    scoring_round.risk = risk
    return scoring_round


def lock_any_open(pk: int) -> ScoringRound | None:
    """Lock and return an open round by its id, None if it is over."""
    rows = ScoringRound.objects.select_for_update(of=("self",)).select_related("risk__subject")
    return rows.filter(pk=pk, state=ScoringState.OPEN).first()


# ------------------------------------------------------------------ dates


def _plan(scoring_round: ScoringRound) -> None:
    """Put the Dues of a round: a reminder at the beginning of its last day, and its end after that day."""
    occurrence = f"{scoring_round.pk} {scoring_round.ends_on.isoformat()}"
    moments = _moments(scoring_round.ends_on)
    history.put_dues((kind, scoring_round.subject_id, occurrence, moment) for kind, moment in moments.items())


def _moments(ends_on: date) -> dict[str, datetime]:
    return {REMINDER: _midnight(ends_on), ENDS: _midnight(ends_on + timedelta(days=1))}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=people.zone_of(None)).astimezone(UTC)


@transaction.atomic
def remind(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind REMINDER: remind those who have not scored."""
    scoring_round = _of_due(due)
    told = [score.user_id for score in queries.awaited(scoring_round, at=at)] if scoring_round else []
    if scoring_round and told and at < _moments(scoring_round.ends_on)[ENDS]:
        payload = events.ScoringReminded(told=told, ends_on=scoring_round.ends_on.isoformat())
        history.record(scoring_round, payload, by=SYSTEM, at=at)


@transaction.atomic
def end(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind ENDS: reveal the scores; a round that nobody scored in is cancelled."""
    scoring_round = _of_due(due)
    if scoring_round is None:
        return
    if scoring_round.scores.filter(answered_at__isnull=False).exists():
        _reveal(scoring_round, by=SYSTEM, at=at)
    else:
        _cancel(scoring_round, "Nobody scored until the last day.", by=SYSTEM, at=at)


def _of_due(due: Due) -> ScoringRound | None:
    return lock_any_open(int(due.occurrence.split()[0]))


@handler("risklog.scoring.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the Dues of open rounds when the time zone of the organisation changes."""
    if "time_zone" not in changed_fields(event):
        return

    def planned(due: Due) -> tuple[str, datetime]:
        day = date.fromisoformat(due.occurrence.split()[1])
        return due.occurrence, _moments(day)[due.kind]

    rounds = ScoringRound.objects.filter(state=ScoringState.OPEN)
    history.replan_dues(rounds.values_list("risk__subject_id", flat=True), REMINDER, ENDS, to=planned)


# ------------------------------------------------------------------ what happens meanwhile


@handler("risklog.scoring.cancel_with_risk")
@history.in_one_transaction
def on_risk_closed(event: Event, *, at: datetime) -> None:
    """Cancel the open round of a risk that is closed."""
    row = ScoringRound.objects.filter(
        risk__subject_id=event.subject_id, risk__state=RiskState.CLOSED, state=ScoringState.OPEN
    ).first()
    if row and (scoring_round := lock_any_open(row.pk)):
        _cancel(scoring_round, "The risk was closed.", by=SYSTEM, at=at, cause=event)


def go_on_without(person: User, event: Event, *, at: datetime) -> None:
    """Ask the stand-in of a person who can no longer score, and reveal the rounds that await nobody."""
    waiting = ScoringRound.objects.filter(
        state=ScoringState.OPEN, scores__user=person, scores__answered_at__isnull=True
    )
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        scoring_round = lock_any_open(pk)
        if scoring_round is not None:
            _ask_stand_ins(scoring_round, at=at, cause=event)
            reveal_if_complete(scoring_round, at=at, cause=event)


def _ask_stand_ins(scoring_round: ScoringRound, *, at: datetime, cause: Event) -> None:
    rows: list[Any] = [
        Score(round=scoring_round, user=stand_in, function=function, stands_in_for=absent, asked_at=at)
        for absent, stand_in, function in queries.missing_stand_ins(scoring_round, at=at)
    ]
    if rows:
        payload = events.ScoringAsked(asked=[row.user_id for row in rows])
        history.record(scoring_round, payload, by=SYSTEM, at=at, rows=rows, cause=cause)
        _show(scoring_round.risk, rows, by=SYSTEM, at=at)
