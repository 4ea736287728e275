"""Put the results of experiments on agendas, and finish the items of cancelled ones."""

from datetime import datetime

from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM
from meetings.operations import placement, waiting_items
from meetings.queries.facts import facts_of
from meetings.states import Purpose
from risklog.models import Experiment
from risklog.states import ExperimentState


@handler("meetings.agenda.place_experiment")
def on_experiment_finished(event: Event, *, at: datetime) -> None:
    """Place a finished experiment, so that the meeting decides as its rule says.

    Handles risklog.experiment_finished. One that a decision is in force about needs no meeting any more.
    """
    rows = Experiment.objects.select_related("subject").filter(state=ExperimentState.FINISHED)
    experiment = rows.filter(subject=event.subject_id).first()
    if experiment is None:
        return
    facts = facts_of(experiment.subject)
    if not facts.is_open:
        return
    placement.place(
        about=experiment.subject,
        kind=facts.kind,
        team_id=facts.team_id,
        title=f"Result: {experiment.title}",
        why=f"{experiment.get_outcome_display()}. Rule: {experiment.decision_rule.rstrip('.')}"[:240],
        purpose=Purpose.DECIDE,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("meetings.agenda.finish_experiment_item")
def on_experiment_cancelled(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a cancelled experiment. Handles risklog.experiment_cancelled."""
    if not Experiment.objects.filter(subject=event.subject_id, state=ExperimentState.CANCELLED).exists():
        return
    for item in waiting_items.about(event.subject_id):
        waiting_items.finish(item, "The experiment was cancelled", at=at, cause=event)
