"""The runs of workflows that belong to an experiment: link one, and remove it again."""

from datetime import datetime

from django.db import transaction

from catalogue.models import Run
from catalogue.queries.model import sources_of
from history import operations as history
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from risklog.events import experiment as events
from risklog.models import Experiment, ExperimentRun
from risklog.states import Arm


@transaction.atomic
def link(
    experiment: Experiment,
    *,
    run: Run,
    by: Actor,
    at: datetime,
    arm: str = Arm.CANDIDATE,
    seen: int | None = None,
) -> ExperimentRun:
    """Link a run, or change which arm of the experiment it is. The result of a finished one keeps its runs.

    The run is of the model of the experiment, or of one that this model takes its input from. An experiment
    without a model takes every run.
    Raises Refused with the name of the field, IllegalMove, ChangedMeanwhile.
    """
    _expect_unfinished(experiment)
    if arm not in Arm.values:
        raise Refused(f"Use one of {', '.join(Arm.values)}.", field="arm")
    row = experiment.runs.filter(run=run).first()
    if row and row.is_linked and row.arm == arm:
        raise Refused("This run is linked already.", field="run")
    if not (row and row.is_linked):
        check_model(experiment, run)
    linked = row or ExperimentRun(experiment=experiment, run=run, arm=arm)
    further = (row, {"is_linked": True, "arm": arm}) if row else linked
    payload = events.ExperimentRunLinked(run=run.subject_id, arm=arm)
    history.change(
        experiment, {}, by=by, at=at, seen=seen, payload=payload, rows=[further], raises_version=True
    )
    return linked


@transaction.atomic
def unlink(linked: ExperimentRun, *, by: Actor, at: datetime, seen: int | None = None) -> ExperimentRun:
    """Remove a run from its experiment. seen: the version of the link.

    Raises IllegalMove, ChangedMeanwhile.
    """
    _expect_unfinished(linked.experiment)
    if not linked.is_linked:
        raise IllegalMove("This run is not linked any more.", field="state")
    payload = events.ExperimentRunUnlinked(run=linked.run.subject_id)
    history.change(linked, {"is_linked": False}, by=by, at=at, seen=seen, payload=payload)
    return linked


def check_model(experiment: Experiment, run: Run) -> None:
    """Raise Refused(field="run") for a run of a model that the experiment is not about."""
    model_id = experiment.model_of_runs_id
    if model_id is not None and run.workflow.model_id not in sources_of(model_id):
        raise Refused(
            "This run is of another model. Choose a run of the model of the experiment, or of a model that it"
            " takes its input from.",
            field="run",
        )


def _expect_unfinished(experiment: Experiment) -> None:
    if not experiment.is_unfinished:
        raise IllegalMove("This experiment is over. Its runs stay as they are.", field="state")
