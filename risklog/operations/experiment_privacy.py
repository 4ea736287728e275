"""Restrict unfinished experiments as the privacy constraints of their model demand."""

from datetime import datetime

from catalogue.operations.privacy import restrict_each
from catalogue.queries.privacy import teams_to_restrict
from history import operations as history
from history.models import Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from risklog.models import Experiment
from risklog.operations import experiment_sight
from risklog.states import UNFINISHED_EXPERIMENTS


@handler("risklog.experiment.restrict_of_model")
@history.in_one_transaction
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Restrict the unfinished experiments of a model whose constraints demand it.

    Handles catalogue.model_changed.
    """
    _restrict(at=at, model__subject=event.subject_id)


@handler("risklog.experiment.restrict_as_model_demands")
@history.in_one_transaction
def on_experiment_changed(event: Event, *, at: datetime) -> None:
    """Restrict an unfinished experiment that is about another model now, as that one demands."""
    if "model_id" in changed_fields(event):
        _restrict(at=at, subject=event.subject_id)


def restrict_missing(*, at: datetime) -> None:
    """Restrict unfinished experiments that the code of an earlier release left unrestricted. Idempotent."""
    _restrict(at=at)


def _restrict(*, at: datetime, **which: int) -> None:
    """Restrict the unfinished experiments among these whose model demands it.

    One that is restricted already stays as it is, and so does one that somebody opened to everyone since. One
    that belongs to an open object becomes a root of its own, as a new one is. What was created below it
    before, such as its actions, stays with that object.
    """

    def restrict(experiment: Experiment) -> None:
        history.lock_scope(experiment.subject)  # what it is about is not restricted meanwhile
        if teams := teams_to_restrict(experiment.subject, experiment.model):
            if experiment.subject.root_id is not None:
                history.detach(experiment.subject)
            experiment_sight.restrict(experiment, teams=teams, by=SYSTEM, at=at)

    restrict_each(Experiment.objects.filter(state__in=UNFINISHED_EXPERIMENTS, **which), restrict)
