"""Restrict unfinished experiments as the privacy constraints of their model demand."""

from datetime import datetime

from catalogue.queries.privacy import demanded_teams, newly_guarded
from history import operations as history
from history.models import Event, RecordedQuerySet
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from risklog.models import Experiment
from risklog.operations import experiment_sight
from risklog.states import UNFINISHED_EXPERIMENTS


@handler("risklog.experiment.restrict_of_model")
@history.in_one_transaction
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Restrict the unfinished experiments of a model whose constraints demand it since this event.

    Handles catalogue.model_changed. One that is restricted to teams already stays as it is, and so does one
    that belongs to what it is about.
    """
    if model := newly_guarded(event):
        for experiment in _open().filter(model=model).order_by("pk"):
            experiment_sight.restrict(experiment, teams=demanded_teams(model), by=SYSTEM, at=at)


@handler("risklog.experiment.restrict_as_model_demands")
@history.in_one_transaction
def on_experiment_changed(event: Event, *, at: datetime) -> None:
    """Restrict an unfinished experiment that is about another model now, as that one demands."""
    if "model_id" not in changed_fields(event):
        return
    rows = _open().filter(subject=event.subject_id).select_related("model__subject", "model__owner_team")
    experiment = rows.first()
    if experiment is not None and (teams := demanded_teams(experiment.model)):
        experiment_sight.restrict(experiment, teams=teams, by=SYSTEM, at=at)


def _open() -> RecordedQuerySet[Experiment]:
    """Return the unfinished experiments that are roots and that everyone may see."""
    rows = Experiment.objects.filter(state__in=UNFINISHED_EXPERIMENTS).select_related("subject")
    return rows.filter(subject__viewers__isnull=True, subject__root__isnull=True)
