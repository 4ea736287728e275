"""Reading experiments: lists, one with what belongs to it, and what its metric has."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch
from django.db.models.functions import JSONObject

from catalogue.models import Run
from history.models import RecordedQuerySet, may_be_seen_by
from kit.sight import Visitor
from people.models import User
from risklog.models import Challenge, Experiment, ExperimentOwner, ExperimentPlan, ExperimentRun
from risklog.models.experiment import PLAN_FIELDS
from risklog.states import Arm
from signals.models import SeriesValue


def experiments() -> RecordedQuerySet[Experiment]:
    """Return all experiments with what a row needs. Callers add `.visible_to(user)`."""
    owners = ExperimentOwner.objects.filter(is_current=True).select_related("user").order_by("pk")
    rows: Any = Experiment.objects.select_related(
        "subject", "about", "model__subject", "series__subject", "workflow__subject", "proposed_by"
    )
    return rows.prefetch_related(Prefetch("owners", owners, to_attr="current_owners"))


def owners_of(experiment: Experiment) -> list[User]:
    """Return the current owners, in the order in which they became owners. One query."""
    rows = experiment.owners.filter(is_current=True).select_related("user__subject").order_by("pk")
    return [row.user for row in rows]


def has_points(experiment: Experiment) -> bool:
    """Return True if the metric of the data slice has a value since the start. One query."""
    values = SeriesValue.objects.filter(series=experiment.series_id)
    return values.between(experiment.started_at, None).exists()


def shown(user: Visitor, experiment: Experiment) -> dict[str, object]:
    """Return what an experiment refers to, each None if this reader may not see it. No query."""
    linked = {name: getattr(experiment, name) for name in ("model", "series", "workflow")}
    named: dict[str, object] = {
        name: row if row and row.subject.is_visible_to(user) else None for name, row in linked.items()
    }
    about = experiment.about
    return {**named, "about": about if about and about.is_visible_to(user) else None}


def plans_of_each() -> ArraySubquery:
    """Return the versions of the plan of each experiment, the newest first, for annotate()."""
    rows = ExperimentPlan.objects.filter(experiment=OuterRef("pk")).order_by("-number")
    texts = {name: name for name in ("number", *PLAN_FIELDS, "reason", "at")}
    return ArraySubquery(rows.values(row=JSONObject(author="author__name", **texts)))


def plans_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of plans_of_each() with their moments. No query."""
    return [{**row, "at": datetime.fromisoformat(row["at"])} for row in rows]


def lacks_values(experiment: Experiment) -> bool:
    """Return True if it runs and the metric of its data slice has no value since the start."""
    return experiment.is_running and experiment.series_id is not None and not has_points(experiment)


def runs_of(user: Visitor, experiment: Experiment) -> list[ExperimentRun]:
    """Return the linked runs that this reader may see, baselines first. One query."""
    rows = ExperimentRun.objects.filter(experiment=experiment, is_linked=True).filter(
        may_be_seen_by(user, "run__subject__")
    )
    return list(rows.select_related("run__workflow__model", "run__run_by").order_by("arm", "pk"))


def comparison_of(rows: Sequence[ExperimentRun]) -> tuple[Run, Run] | None:
    """Return the two runs to compare: the newest baseline and the newest candidate, else the last two."""
    baselines = [row.run for row in rows if row.arm == Arm.BASELINE]
    candidates = [row.run for row in rows if row.arm == Arm.CANDIDATE]
    if baselines and candidates:
        return baselines[-1], candidates[-1]
    return (rows[-2].run, rows[-1].run) if len(rows) > 1 else None


def challenges_of(user: Visitor, experiment: Experiment) -> list[Challenge]:
    """Return the challenges of an experiment, the oldest first, each with `shown_run`. One query."""
    rows = Challenge.objects.filter(experiment=experiment).order_by("pk")
    found = list(rows.select_related("author", "answered_by", "run__subject", "run__workflow"))
    for row in found:
        row.shown_run = row.run if row.run and row.run.subject.is_visible_to(user) else None
    return found
