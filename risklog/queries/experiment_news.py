"""What experiments tell elsewhere: the results in the weekly digest, and the marks on charts."""

from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from history.digest_parts import DigestPart, Said
from kit.texts import one_line
from people.models import User
from risklog.models import Experiment
from risklog.states import ExperimentOutcome, ExperimentState
from signals.queries.marks import MAX_MARKS, MarkRequest


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


def marks(user: User, asked: MarkRequest) -> list[dict[str, Any]]:
    """Return the starts and the results of experiments of models in a period, as marks. One query."""
    rows = Experiment.objects.visible_to(user).filter(model__in=asked.models)
    begun = Q(started_at__gte=asked.start, started_at__lt=asked.end)
    ended = Q(ended_at__gte=asked.start, ended_at__lt=asked.end, state=ExperimentState.FINISHED)
    columns = ("subject_id", "title", "model_id", "started_at", "ended_at", "outcome")
    shown = rows.filter(begun | ended).order_by("-started_at", "-id")
    found = shown.values(*columns, reference=F("subject__reference"))[:MAX_MARKS]
    return [mark for row in found for mark in _marks_of(row, asked)]


def _marks_of(row: dict[str, Any], asked: MarkRequest) -> list[dict[str, Any]]:
    """Return the marks of one experiment that are in the period."""
    outcome = str(ExperimentOutcome(row["outcome"]).label) if row["outcome"] else ""
    moments = {"started": row["started_at"], outcome.lower(): row["ended_at"] if outcome else None}
    return [
        {
            "at": at.isoformat(),
            "label": f"{row['reference']} {what}: {one_line(row['title'])[:60]}",
            "link": reverse("risklog:experiment_detail", args=[row["reference"]]),
            "kind": "note",
            "model": row["model_id"],
            "subject": row["subject_id"],
        }
        for what, at in moments.items()
        if at is not None and asked.start <= at < asked.end
    ]
