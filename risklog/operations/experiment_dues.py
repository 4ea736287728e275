"""The dates of experiments: owners are reminded on the last day, and an overdue experiment is escalated."""

from datetime import date, datetime, timedelta

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from risklog.events import experiment as events
from risklog.models import Experiment
from risklog.operations.days import moment_of
from risklog.queries import experiment as queries
from risklog.states import ExperimentState

ENDS, OVERDUE = "risklog.experiment_ends", "risklog.experiment_overdue"


def plan(experiment: Experiment) -> None:
    """Put the dates of a running experiment, in place of former ones."""
    drop(experiment)
    if experiment.ends_on:
        day = experiment.ends_on
        history.put_dues(
            (kind, experiment.subject_id, f"{day.isoformat()} {experiment.version}", moment)
            for kind, moment in _moments(day).items()
        )


def drop(experiment: Experiment) -> None:
    history.drop_dues(experiment.subject_id, ENDS, OVERDUE)


def _moments(day: date) -> dict[str, datetime]:
    return {ENDS: moment_of(day), OVERDUE: moment_of(day + timedelta(days=1))}


@transaction.atomic
def remind(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind ENDS: remind the owners that the result is expected today."""
    experiment = _of_due(due)
    if experiment and at < _moments(_day_of(due))[OVERDUE]:
        history.record(experiment, _named(experiment, events.ExperimentEnds), by=SYSTEM, at=at)


@transaction.atomic
def note_overdue(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind OVERDUE: an experiment still runs after its last day. It is escalated."""
    experiment = _of_due(due)
    if experiment:
        history.record(experiment, _named(experiment, events.ExperimentOverdue), by=SYSTEM, at=at)


def _named(
    experiment: Experiment, payload: type[events.ExperimentEnds] | type[events.ExperimentOverdue]
) -> events.ExperimentEnds | events.ExperimentOverdue:
    told = [user.pk for user in queries.owners_of(experiment)]
    return payload(told=told, ends_on=str(experiment.ends_on))


def _of_due(due: Due) -> Experiment | None:
    """Return the running experiment of a Due, locked; None if it is over or has another last day."""
    rows = Experiment.objects.select_for_update(of=("self",)).select_related("subject")
    return rows.filter(subject=due.subject_id, state=ExperimentState.RUNNING, ends_on=_day_of(due)).first()


def _day_of(due: Due) -> date:
    return date.fromisoformat(due.occurrence.split()[0])


@handler("risklog.experiment.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the dates of running experiments when the time zone or the hours of the organisation change."""
    if not changed_fields(event) & {"time_zone", "day_starts_at"}:
        return

    def planned(due: Due) -> tuple[str, datetime]:
        return due.occurrence, _moments(_day_of(due))[due.kind]

    running = Experiment.objects.filter(state=ExperimentState.RUNNING)
    history.replan_dues(running.values_list("subject_id", flat=True), ENDS, OVERDUE, to=planned)
