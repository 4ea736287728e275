"""Goal 25: the agenda of a meeting, built from 2,000 open things of a series with three years of meetings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from actions.models import Action
from actions.states import ActionState
from bench import figures, register
from bench.figures import Line
from bench.meter import Meter
from bench.run import Run
from catalogue.models import Model
from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from meetings import events
from meetings.models import AgendaItem, Decision, Meeting, MeetingSeries
from meetings.operations import agenda, backlog
from meetings.operations import series as meeting_series
from meetings.states import ItemState, MeetingState
from people.models import Team, User
from risklog.models import Category, Review, Risk
from risklog.states import RiskState
from signals.models import BreachGroup
from signals.states import BreachLevel, SignalKind

SECONDS = 1.0
WEEKS, PEOPLE = 156, 40
ACTIONS, REVIEWS, RISKS = 1_000, 500, 500
KIND = SignalKind.DRIFT


class _Undone(Exception):
    """Ends the transaction of a build, so that each round builds the same agenda."""


@dataclass
class Built:
    """One build. items: on the agenda and in the backlog together."""

    seconds: float
    statements: int
    items: int


def built(run: Run) -> Line:
    """Measure goal 25. Each build is rolled back. Beside it: the bare insert of the same items and events."""
    things = ACTIONS + REVIEWS + RISKS
    line = Line(25, f"agenda built from {things:,} open things", f"≤ {SECONDS:g} s", unit="s")
    meeting = _meeting_with_open_things(run)
    _build(meeting, run.at)
    rounds: list[tuple[Built, float]] = []
    with Meter(0, run.ground.cluster.pid or 0, run.ground.ours) as reading:
        for number in range(run.rounds):
            if number % 2:
                bare = _insert_bare(meeting, run.at)
                rounds.append((_build(meeting, run.at), bare))
            else:
                rounds.append((_build(meeting, run.at), _insert_bare(meeting, run.at)))
    items = {one.items for one, _ in rounds}
    if items != {REVIEWS + RISKS + 1}:
        line.met, line.why = False, f"The agendas have {items} items, not {REVIEWS + RISKS + 1}."
        return line
    spread = figures.spread(one.seconds for one, _ in rounds)
    ratio = figures.ratios([one.seconds for one, _ in rounds], [bare for _, bare in rounds])
    line.figure, line.least, line.greatest = spread.median, spread.least, spread.greatest
    line.met = spread.median <= SECONDS
    line.why = (
        f"{REVIEWS + RISKS + 1:,} items by {rounds[0][0].statements:,} statements;"
        f" {ratio.median:.1f} × the bare insert of these rows."
        f" {WEEKS} meetings were held (foreign load {reading.foreign:.2f} cores)."
    )
    line.details = {"statements": rounds[0][0].statements, "bare_ratio": round(ratio.median, 2)}
    return line


def _build(meeting: Meeting, at: datetime) -> Built:
    """Build the agenda and fit it into the meeting, as publishing does, and undo it."""
    tally = [0]

    def counting(execute: Any, *args: Any) -> Any:
        tally[0] += 1
        return execute(*args)

    seconds, items = 0.0, 0
    try:
        with transaction.atomic():
            began = time.perf_counter()
            with connection.execute_wrapper(counting):
                agenda.build(meeting, at=at)
                backlog.fit(meeting, by=SYSTEM, at=at)
            seconds = time.perf_counter() - began
            states = (ItemState.WAITING, ItemState.BACKLOG)
            items = AgendaItem.objects.filter(meeting__series=meeting.series, state__in=states).count()
            raise _Undone
    except _Undone:
        return Built(seconds, tally[0], items)


def _insert_bare(meeting: Meeting, at: datetime) -> float:
    """Return the seconds of the insert of as many items with an event each, undone too."""
    items = [
        AgendaItem(meeting=meeting, title=f"Bare {number}", why="Bench", rank=number)
        for number in range(REVIEWS + RISKS + 1)
    ]
    made = [
        Event(subject=meeting.subject, verb=events.ItemAdded.verb, at=at, data={"title": one.title})
        for one in items
    ]
    seconds = 0.0
    try:
        with transaction.atomic():
            began = time.perf_counter()
            AgendaItem.objects.bulk_create(items)
            Event.objects.bulk_create(made)
            seconds = time.perf_counter() - began
            raise _Undone
    except _Undone:
        return seconds


# ------------------------------------------------------------ the series and its open things


def _meeting_with_open_things(run: Run) -> Meeting:
    """Return the next meeting of a new series, with open actions, reviews and due risks of its team."""
    at, stamp = run.at, f"{run.at:%H%M%S}"
    team = Team(slug=f"agenda-{stamp}", name=f"Agenda team of {stamp}")
    history.record(team, "people.team_added", by=SYSTEM, at=at)
    people = list(User.objects.filter(is_active=True).order_by("pk")[:PEOPLE])
    series = meeting_series.add(
        name=f"Forum of {stamp}",
        first_on=at.date() + timedelta(days=1),
        starts_at=at.time(),
        time_zone="UTC",
        teams=[team],
        participants=people,
        by=SYSTEM,
        at=at,
    )
    held = _held(series, people, at)
    model = Model(slug=f"agenda-{stamp}", name=f"Agenda model of {stamp}", owner_team=team, tier=2)
    history.record(model, "catalogue.model_added", by=SYSTEM, at=at)
    _add_actions(held, people, at)
    _add_reviews(model, at)
    _add_risks(team, at)
    register.settle(at)
    planned = Meeting.objects.filter(series=series, state=MeetingState.PLANNED, focus__kinds__contains=[KIND])
    return planned.select_related("series", "focus", "subject").order_by("starts_at")[0]


def _held(series: MeetingSeries, people: Sequence[User], at: datetime) -> list[Meeting]:
    focuses = list(series.focuses.order_by("position"))
    meetings = [
        Meeting(
            series=series,
            occurrence=f"{at - timedelta(weeks=number):%Y-%m-%dT%H:%M}",
            starts_at=at - timedelta(weeks=number),
            ends_at=at - timedelta(weeks=number) + timedelta(minutes=45),
            started_at=at - timedelta(weeks=number),
            closed_at=at - timedelta(weeks=number) + timedelta(minutes=45),
            focus=focuses[number % len(focuses)],
            facilitator=people[number % len(people)],
            state=MeetingState.CLOSED,
        )
        for number in range(1, WEEKS + 1)
    ]
    history.record_many(meetings, "meetings.meeting_planned", by=SYSTEM, at=at)
    return meetings


def _add_actions(held: Sequence[Meeting], people: Sequence[User], at: datetime) -> None:
    """Add open actions of decisions, of which each meeting took a few."""
    decisions = [
        Decision(
            meeting=held[number % len(held)],
            text=f"Decided {number} for the agenda",
            reason="The evidence says so.",
            no_action_reason="",
            recorded_by=people[0],
            decided_at=held[number % len(held)].starts_at,
        )
        for number in range(ACTIONS // 2)
    ]
    history.record_many(decisions, "meetings.decision_taken", by=SYSTEM, at=at)
    actions = [
        Action(
            title=f"Agenda action {number}",
            owner=people[number % len(people)],
            origin=decisions[number // 2].subject,
            due_on=(at + timedelta(days=number % 60 - 20)).date(),
            made_at=at,
        )
        for number in range(ACTIONS)
    ]
    assert all(one.state == ActionState.OPEN for one in actions)
    history.record_many(actions, "actions.action_opened", by=SYSTEM, at=at)


def _add_reviews(model: Model, at: datetime) -> None:
    """Add open reviews that are on no agenda."""
    named = {"model": model, "model_name": model.slug, "kind": KIND, "level": BreachLevel.WARNING}
    groups = [
        BreachGroup(cause_key=f"{model.slug}-{number}", title=f"Agenda drift {number}", opened_at=at, **named)
        for number in range(REVIEWS)
    ]
    history.record_many(groups, "signals.breach_group_opened", by=SYSTEM, at=at)
    reviews = [
        Review(
            about=one.subject,
            title=one.title,
            model=model,
            kind=KIND,
            opened_at=at,
            due_at=at + timedelta(days=60),
        )
        for one in groups
    ]
    history.record_many(reviews, "risklog.review_opened", by=SYSTEM, at=at)


def _add_risks(team: Team, at: datetime) -> None:
    """Add risks whose review is due."""
    category = Category.objects.filter(kind=KIND).order_by("id")[0]
    risks = [
        Risk(
            title=f"Agenda risk {number} of {at:%H%M%S}",
            category=category,
            team=team,
            likelihood=1 + number % 5,
            impact=3,
            state=RiskState.MONITORING,
            review_on=at.date(),
            opened_at=at,
            updated_at=at,
        )
        for number in range(RISKS)
    ]
    history.record_many(risks, "risklog.risk_opened", by=SYSTEM, at=at)
