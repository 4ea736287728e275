"""Incidents, experiments and learnings, so many that their lists have pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from bench.register.rows import Cast, cast, fill, settle
from incidents.models import Incident
from incidents.states import IncidentSeverity
from learnings.models import Learning
from learnings.states import LearningState
from risklog.models import Experiment

SEVERITIES = list(IncidentSeverity)


def add(count: int, at: datetime) -> None:
    """Add incidents, experiments and learnings up to `count` of each, spread over models and people."""
    known = cast()
    fill(Incident.objects.all(), count, partial(_incident, known, at), "incidents.incident_declared", at)
    fill(Experiment.objects.all(), count, partial(_experiment, known, at), "risklog.experiment_proposed", at)
    fill(Learning.objects.all(), count, partial(_learning, known, at), "learnings.learning_published", at)
    settle(at)


def _incident(known: Cast, at: datetime, number: int) -> Incident:
    model = known.models[number % len(known.models)]
    declared_at = at - timedelta(hours=number)
    return Incident(
        title=f"Scores were wrong {number}",
        severity=SEVERITIES[number % len(SEVERITIES)],
        summary=f"Requests of channel {number % 97} got the scores of another model.",
        model=model,
        team=model.owner_team,
        noticed_at=declared_at,
        declared_at=declared_at,
        lead=known.people[number % len(known.people)],
    )


def _experiment(known: Cast, at: datetime, number: int) -> Experiment:
    return Experiment(
        title=f"Retrain without feature {number}",
        hypothesis=f"Without feature {number} the drift of the score is halved.",
        data_slice="Applications of the last quarter",
        success_criteria="The PSI of the score is below 0.1.",
        decision_rule="Remove the feature if the PSI is below 0.1, else keep it.",
        model=known.models[number % len(known.models)],
        ends_on=(at + timedelta(days=number % 60)).date(),
        proposed_at=at - timedelta(hours=number),
        proposed_by=known.people[number % len(known.people)],
    )


def _learning(known: Cast, at: datetime, number: int) -> Learning:
    published_at = at - timedelta(hours=number)
    return Learning(
        title=f"Late files hide drift {number}",
        seen=f"Channel {number % 97} delivered its files late, so drift was seen two days later.",
        to_monitor="The age of the newest file.",
        tags=[f"channel-{number % 97}"],
        model=known.models[number % len(known.models)],
        author=known.people[number % len(known.people)],
        state=LearningState.PUBLISHED,
        made_at=published_at,
        published_at=published_at,
    )
