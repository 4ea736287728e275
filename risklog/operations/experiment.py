"""Experiments: propose, change, start, change the plan, finish, cancel.

Until the start the plan can be changed freely. The start fixes hypothesis, data slice, success criteria and
rule of decision: a change afterwards is a new version with its reason, so that nobody fits the rule to the
result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from catalogue.models import Model, Workflow
from history import operations as history
from history.models import Event, Subject
from kit import kinds
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from people.models import User
from risklog.events import experiment as events
from risklog.models import Experiment, ExperimentOwner, ExperimentPlan
from risklog.models.experiment import PLAN_FIELDS
from risklog.operations import experiment_dues, experiment_owners, experiment_sight
from risklog.operations.days import day_of
from risklog.queries import experiment as queries
from risklog.states import ExperimentOutcome, ExperimentState
from signals.models import Series

LONGEST = timedelta(days=365)
# What change() sets. The plan is fixed at the start; then change_plan() changes it.
CHANGEABLE = (
    "title", *PLAN_FIELDS, "rollback", "model", "series", "workflow", "ends_on", "owners",
)  # fmt: skip
# What the start needs, and how it is asked for.
_NEEDED = {
    "hypothesis": "Enter the hypothesis.",
    "data_slice": "Enter the data slice: which records are tested.",
    "success_criteria": "Enter the success criteria: which figure, measured how, by when.",
    "decision_rule": "Enter what is decided for each outcome, before the outcome is known.",
    "rollback": "Enter how to return to the state before.",
    "ends_on": "Enter the day on which the result is expected.",
}


@dataclass(frozen=True, slots=True)
class ExperimentDetails:
    """The optional fields of a new experiment. Its start needs most of them."""

    data_slice: str = ""
    success_criteria: str = ""
    decision_rule: str = ""
    rollback: str = ""
    model: Model | None = None
    series: Series | None = None
    workflow: Workflow | None = None
    ends_on: date | None = None


@transaction.atomic
def propose(
    *,
    title: str,
    hypothesis: str,
    by: Actor,
    at: datetime,
    owners: Sequence[User] = (),
    about: Subject | None = None,
    details: ExperimentDetails | None = None,
    viewers: Sequence[int] | None = None,
    cause: Event | None = None,
) -> Experiment:
    """Propose an experiment.

    owners: people of at least two teams, or nobody yet. about: a risk, review, breach or other object that it
    came from. viewers: ids of the subjects that may see it; None for those who may see what it is about.
    Raises Refused with the name of the field.
    """
    if about is not None:
        history.lock_scope(about)  # it is not restricted before the experiment is there
        about.refresh_from_db(fields=["viewers", "root"])
    given = details or ExperimentDetails()
    values = _cleaned({name: getattr(given, name) for name in ExperimentDetails.__slots__})
    experiment = Experiment(
        **values,
        **_cleaned({"title": title, "hypothesis": hypothesis}),
        about=about,
        proposed_by=by.person,
        proposed_at=at,
    )
    kind = kinds.find(about.kind) if about else None
    if kind and not kind.is_discussed:
        raise Refused("Choose a risk, a review, a breach or another item of the register.", field="about")
    _check(experiment, at=at)
    chosen = experiment_owners.checked(owners)
    history.record(
        experiment,
        events.ExperimentProposed(told=[user.pk for user in chosen]),
        by=by,
        at=at,
        cause=cause,
        placed=experiment_sight.placement(experiment, viewers, chosen, by),
        rows=[ExperimentOwner(experiment=experiment, user=user) for user in chosen],
    )
    return experiment


@transaction.atomic
def change(
    experiment: Experiment, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Experiment:
    """Change fields of CHANGEABLE while the experiment is proposed, and what is no plan while it runs.

    Raises Refused with the name of the field, IllegalMove, ChangedMeanwhile.
    """
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"change() does not set {', '.join(sorted(unknown))}.")
    if not experiment.is_unfinished:
        raise IllegalMove("This experiment is over. Propose a new one.", field="state")
    given = dict(values)
    owners = given.pop("owners", None)
    given = _cleaned(given)
    changes = {name: value for name, value in given.items() if getattr(experiment, name) != value}
    if experiment.is_running and (fixed := [name for name in PLAN_FIELDS if name in changes]):
        raise IllegalMove(
            "The plan was fixed at the start. Change it as a new version, with the reason.", field=fixed[0]
        )
    _check_changed(experiment, changes, at=at)
    rows, told = experiment_owners.replacing(experiment, owners)
    if not changes and not rows:
        return experiment
    history.change(
        experiment,
        changes,
        by=by,
        at=at,
        seen=seen,
        payload=events.ExperimentChanged(told=told or None),
        rows=rows,
        raises_version=bool(rows),
    )
    experiment_owners.hand_over_sight(experiment, rows, by=by, at=at)
    if "title" in changes:
        history.retitle(experiment)
    if "ends_on" in changes and experiment.is_running:
        experiment_dues.plan(experiment)
    return experiment


@transaction.atomic
def start(experiment: Experiment, *, by: Actor, at: datetime, seen: int | None = None) -> Experiment:
    """Start an experiment. From now on its hypothesis, slice, criteria and rule of decision are fixed.

    Raises Refused with every field that is missing, IllegalMove, ChangedMeanwhile.
    """
    if experiment.state == ExperimentState.PROPOSED:
        _check_complete(experiment, at=at)
    plan = _plan_of(experiment, 1, by=by, at=at)
    values = {"started_at": at, "plan_number": 1}
    history.move(experiment, ExperimentState.RUNNING, by=by, at=at, seen=seen, values=values, rows=[plan])
    experiment_dues.plan(experiment)
    return experiment


@transaction.atomic
def change_plan(
    experiment: Experiment,
    *,
    reason: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    **texts: str,
) -> Experiment:
    """Change the fixed plan of a running experiment: a new version of it, with the reason.

    texts: of PLAN_FIELDS; those that are not given stay. Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    if unknown := set(texts) - set(PLAN_FIELDS):
        raise ValueError(f"change_plan() does not set {', '.join(sorted(unknown))}.")
    if not experiment.is_running:
        raise IllegalMove("Only a running experiment has a fixed plan.", field="state")
    if not reason.strip():
        raise Refused("Enter why the plan changes while the experiment runs.", field="reason")
    given = _cleaned(texts)
    _refuse_all({name: _NEEDED[name] for name, text in given.items() if not text})
    changes = {name: text for name, text in given.items() if getattr(experiment, name) != text}
    if not changes:
        raise Refused("Change at least one of the four texts.", field="hypothesis")
    number = experiment.plan_number + 1
    values = {**changes, "plan_number": number}
    payload = events.ExperimentPlanChanged(number=number, reason=reason.strip())
    plan = _plan_of(experiment, number, reason=reason.strip(), changes=changes, by=by, at=at)
    history.change(experiment, values, by=by, at=at, seen=seen, payload=payload, rows=[plan])
    return experiment


@transaction.atomic
def finish(
    experiment: Experiment,
    *,
    outcome: str,
    sample_size: int,
    by: Actor,
    at: datetime,
    interpretation: str = "",
    training_notes: str = "",
    seen: int | None = None,
) -> Experiment:
    """Record the outcome of a running experiment.

    sample_size: how many records the data slice had. Without data nothing can be supported: neither with 0
    records, nor if the metric of the slice has no point since the start. Raises Refused with the name of the
    field, IllegalMove, ChangedMeanwhile.
    """
    if experiment.is_running:
        _check_outcome(experiment, outcome, sample_size, interpretation)
    values = {
        "outcome": outcome,
        "sample_size": sample_size,
        "interpretation": interpretation.strip(),
        "training_notes": training_notes.strip(),
        "ended_at": at,
    }
    label = dict(ExperimentOutcome.choices).get(outcome, "")
    payload = events.ExperimentFinished(outcome=outcome, label=str(label))
    history.move(
        experiment, ExperimentState.FINISHED, by=by, at=at, seen=seen, values=values, payload=payload
    )
    experiment_dues.drop(experiment)
    return experiment


@transaction.atomic
def cancel(
    experiment: Experiment, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Experiment:
    """Cancel an experiment that is not finished, with the reason.

    Raises Refused(field="reason"), IllegalMove, ChangedMeanwhile.
    """
    if not reason.strip():
        raise Refused("Enter the reason.", field="reason")
    values = {"cancel_reason": reason.strip(), "ended_at": at}
    payload = events.ExperimentCancelled(reason=reason.strip())
    history.move(
        experiment, ExperimentState.CANCELLED, by=by, at=at, seen=seen, values=values, payload=payload
    )
    experiment_dues.drop(experiment)
    return experiment


@transaction.atomic
def hand_over(
    experiment: Experiment, owner: User, to: User, *, by: Actor, at: datetime, seen: int | None = None
) -> Experiment:
    """Let a person own an unfinished experiment in place of another one. Raises Refused, IllegalMove."""
    others = [user for user in queries.owners_of(experiment) if user.pk != owner.pk]
    return change(experiment, {"owners": [*others, to]}, by=by, at=at, seen=seen)


# ------------------------------------------------------------------ checks


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def _check(experiment: Experiment, *, at: datetime) -> None:
    """Raise Refused for a value that no experiment may have."""
    if not experiment.title:
        raise Refused("Enter what is tested, in a few words.", field="title")
    if len(experiment.title) > 200:
        raise Refused("Use at most 200 characters.", field="title")
    if not experiment.hypothesis:
        raise Refused(_NEEDED["hypothesis"], field="hypothesis")
    if experiment.ends_on:
        _check_end(experiment.ends_on, at=at)
    if experiment.series and experiment.model and experiment.series.model_id != experiment.model.pk:
        raise Refused("This metric belongs to another model.", field="series")
    if experiment.workflow and experiment.model and experiment.workflow.model_id != experiment.model.pk:
        raise Refused("This workflow belongs to another model.", field="workflow")


def _check_changed(experiment: Experiment, changes: Mapping[str, Any], *, at: datetime) -> None:
    """Raise Refused for changes that no experiment may have. A date that stays may be over."""
    if not changes:
        return
    names = ("title", "hypothesis", "model", "series", "workflow")
    after = Experiment(**{name: changes.get(name, getattr(experiment, name)) for name in names})
    after.ends_on = changes.get("ends_on")
    _check(after, at=at)
    if experiment.is_running:
        for name in ("rollback", "ends_on"):
            if name in changes and not changes[name]:
                raise Refused(_NEEDED[name], field=name)


def _check_end(ends_on: date, *, at: datetime) -> None:
    today = day_of(at)
    if ends_on < today:
        raise Refused("Choose today or a later day.", field="ends_on")
    if ends_on > today + LONGEST:
        raise Refused(f"Choose a day within {LONGEST.days} days.", field="ends_on")


def _check_complete(experiment: Experiment, *, at: datetime) -> None:
    """Raise Refused with everything that is missing for the start."""
    wrong = {name: text for name, text in _NEEDED.items() if not getattr(experiment, name)}
    try:
        experiment_owners.checked(queries.owners_of(experiment), is_needed=True)
    except Refused as refusal:
        wrong["owners"] = refusal.message
    if experiment.ends_on and experiment.ends_on < day_of(at):
        wrong["ends_on"] = "The last day is over. Choose today or a later day."
    _refuse_all(wrong)


def _refuse_all(wrong: dict[str, str]) -> None:
    """Raise one Refused with all of these fields and their messages, if there are any."""
    if wrong:
        first = next(iter(wrong))
        raise Refused(wrong.pop(first), field=first, further=wrong)


def _check_outcome(experiment: Experiment, outcome: str, sample_size: int, interpretation: str) -> None:
    if outcome not in ExperimentOutcome.values:
        raise Refused(f"Use one of {', '.join(ExperimentOutcome.values)}.", field="outcome")
    if sample_size < 0:
        raise Refused("Use 0 or a larger number.", field="sample_size")
    if not interpretation.strip():
        raise Refused("Enter what the result means.", field="interpretation")
    if outcome != ExperimentOutcome.SUPPORTED:
        return
    if not sample_size:
        raise Refused(
            "The data slice had no records, so the result supports nothing. Choose inconclusive, or enter "
            "how many records it had.",
            field="outcome",
        )
    if experiment.series_id and not queries.has_points(experiment):
        raise Refused(
            "The metric of the data slice has no value since the start, so the result supports nothing. "
            "Choose inconclusive, or push the values first.",
            field="outcome",
        )


def _plan_of(
    experiment: Experiment,
    number: int,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
) -> ExperimentPlan:
    texts = {name: getattr(experiment, name) for name in PLAN_FIELDS} | dict(changes or {})
    return ExperimentPlan(
        experiment=experiment, number=number, reason=reason, author=by.person, at=at, **texts
    )
