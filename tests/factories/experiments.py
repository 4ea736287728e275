"""Experiments in every state, created by operations."""

from datetime import timedelta

from kit.actor import SYSTEM, Actor
from risklog.models import Challenge, Experiment, ExperimentRun
from risklog.operations import challenge as challenges
from risklog.operations import experiment as operations
from risklog.operations import experiment_runs
from risklog.operations.experiment import ExperimentDetails
from risklog.states import ExperimentState
from tests.conftest import AT
from tests.factories import people

ENDS_ON = (AT + timedelta(days=10)).date()
PLAN = {
    "data_slice": "Applications of October with a thin file",
    "success_criteria": "AUC of at least 0.78 on the slice",
    "decision_rule": "Supported: raise the warning threshold to 0.3. Otherwise: keep it.",
}


def owners() -> list:
    """Return two people of two teams."""
    return [
        people.user("Olga Owner", teams=[people.team()]),
        people.user("Otto Owner", teams=[people.team()]),
    ]


def experiment(
    title: str = "A wider band halves the false alarms",
    *,
    state: ExperimentState = ExperimentState.PROPOSED,
    person=None,
    at=AT,
    **fields,
) -> Experiment:
    """Create an experiment in a state. person proposes it. fields: of the operation and of its details."""
    by = Actor(person, "page") if person else SYSTEM
    own = {name: fields.pop(name) for name in ("hypothesis", "about", "viewers", "owners") if name in fields}
    if "owners" not in own:
        own["owners"] = owners()
    own.setdefault("hypothesis", "A warning limit of 0.3 halves the false alarms without missing one.")
    details = ExperimentDetails(
        **{**PLAN, "rollback": "Agree the former version.", "ends_on": ENDS_ON, **fields}
    )
    made = operations.propose(title=title, details=details, by=by, at=at, **own)
    act = {"by": by, "at": at}
    if state in (ExperimentState.RUNNING, ExperimentState.FINISHED):
        operations.start(made, **act)
    if state == ExperimentState.FINISHED:
        finish(made, by=by, at=at)
    elif state == ExperimentState.CANCELLED:
        operations.cancel(made, reason="The data is not available.", **act)
    return made


def finish(
    made: Experiment, outcome: str = "supported", *, by: Actor = SYSTEM, at=AT, **fields
) -> Experiment:
    values = {"sample_size": 1200, "interpretation": "It holds in both regions.", **fields}
    return operations.finish(made, outcome=outcome, by=by, at=at, **values)


def challenge(of: Experiment, text: str = "The slice is too small", *, author=None, **fields) -> Challenge:
    by = Actor(author, "page") if author else SYSTEM
    return challenges.add(of, kind=fields.pop("kind", "challenge"), text=text, by=by, at=AT, **fields)


def linked(to: Experiment, run, arm: str = "candidate") -> ExperimentRun:
    return experiment_runs.link(to, run=run, arm=arm, by=SYSTEM, at=AT)
