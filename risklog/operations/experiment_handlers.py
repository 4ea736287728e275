"""What the events of experiments do to escalations: an overdue experiment is escalated until it is over."""

from datetime import datetime

from history import operations as history
from history.models import Event
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM
from risklog.models import Experiment
from risklog.operations import climb
from risklog.operations.days import day_of
from risklog.operations.escalation import resolve, start
from risklog.operations.escalation_handlers import is_only_for
from risklog.queries.concerned import concerned
from risklog.states import Severity


@handler("risklog.escalation.start_for_overdue_experiment")
@history.in_one_transaction
def on_experiment_overdue(event: Event, *, at: datetime) -> None:
    """Escalate an overdue experiment, unless it is over or has another last day by now."""
    # Locked, so that an end that commits meanwhile finds the escalation that it resolves.
    rows = Experiment.objects.select_for_update(of=("self",)).select_related("subject")
    experiment = rows.filter(subject_id=event.subject_id).first()
    if experiment is None or not experiment.is_overdue(day_of(at)):
        return
    if str(experiment.ends_on) != present_data(event)["ends_on"]:
        return
    start(
        about=experiment.subject,
        title=f"Overdue: {experiment.title}",
        why=f"The result of {experiment.reference} was expected on {experiment.ends_on:%-d %b %Y}.",
        severity=Severity.WARNING,
        team=concerned(experiment.subject).team,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("risklog.escalation.resolve_with_experiment")
@history.in_one_transaction
def on_experiment_settled(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of an experiment that is over, or that is overdue no more.

    Handles risklog.experiment_finished, experiment_cancelled and experiment_changed. An escalation that was
    also raised for another reason stays open while the experiment runs.
    """
    escalation = climb.lock(about_id=event.subject_id)
    experiment = Experiment.objects.filter(subject_id=event.subject_id).first()
    if not (escalation and experiment) or escalation.started_at > event.at:
        return
    if not experiment.is_unfinished:
        reason = f"The experiment is {experiment.get_state_display().lower()}."
    elif not experiment.is_overdue(day_of(at)) and is_only_for(escalation, "risklog.experiment_overdue"):
        reason = f"The result is now expected on {experiment.ends_on:%-d %b %Y}."
    else:
        return
    resolve(escalation, reason=reason, by=SYSTEM, at=at, cause=event)
