"""What experiments tell elsewhere: the results in the weekly digest, and the marks on charts."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from history.digest_parts import DigestPart, Said
from history.models import RecordedQuerySet
from risklog.models import Experiment
from risklog.states import ExperimentOutcome, ExperimentState
from signals.queries.marks import MarkReader


def _finished_between(since: datetime, until: datetime) -> QuerySet[Experiment]:
    return Experiment.objects.filter(state=ExperimentState.FINISHED, ended_at__gt=since, ended_at__lte=until)


def _said(moment: datetime, facts: Any) -> Said:
    outcome = str(ExperimentOutcome(facts["outcome"]).label)
    return Said(f"Result of {moment:%a} {moment.day} {moment:%b}.", badge=outcome)


IN_DIGEST = DigestPart(
    "experiments",
    "Experiments",
    rows=_finished_between,
    moment="ended_at",
    said=_said,
    facts={"outcome": "outcome"},
)


def _of_models(models: Collection[int]) -> RecordedQuerySet[Any]:
    return Experiment.objects.filter(model__in=models).annotate(marked_model=F("model_id"))


def _finished_of_models(models: Collection[int]) -> RecordedQuerySet[Any]:
    return _of_models(models).filter(state=ExperimentState.FINISHED)


STARTS_ON_CHARTS = MarkReader(
    "risklog.experiment_view",
    page="risklog:experiment_detail",
    rows=_of_models,
    moment="started_at",
    text="title",
    verb=lambda facts: "started",
)
RESULTS_ON_CHARTS = MarkReader(
    "risklog.experiment_view",
    page="risklog:experiment_detail",
    rows=_finished_of_models,
    moment="ended_at",
    text="title",
    facts={"outcome": "outcome"},
    verb=lambda facts: str(ExperimentOutcome(facts["outcome"]).label).lower(),
)
