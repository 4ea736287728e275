"""Write runs of workflows: record one, finish one, change its note, and note a reproduction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from catalogue import events, run_facts
from catalogue.models import Run, Version, Workflow, WorkflowVersion
from catalogue.operations import workflow as workflows
from catalogue.operations.deployment import MAX_AHEAD
from catalogue.reproduction import Inputs, obstacles
from catalogue.states import RunState
from history import operations as history
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import many_lines_within, one_line

# What can be changed of a finished run, too.
CHANGEABLE = ("note", "link", "model_version")
MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run used and made. artefacts: each with `name`, `link` and `digest`. link: of the run itself."""

    data_set: str = ""
    code: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    artefacts: list[dict[str, str]] = field(default_factory=list)
    link: str = ""
    note: str = ""


@transaction.atomic
def record(
    *,
    workflow: Workflow,
    by: Actor,
    at: datetime,
    name: str = "",
    number: int | None = None,
    state: str = RunState.SUCCEEDED,
    facts: RunFacts | None = None,
    model_version: Version | None = None,
    repeats: Run | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> Run:
    """Record a run of a workflow, when it starts or when it has ended.

    name: by default the next number. number: the version of the recipe that it ran, by default the current
    one, or that of the run it repeats. started_at, ended_at: by default now. Raises Refused with the field.
    """
    if state not in RunState.values:
        raise Refused(f"Use one of {', '.join(RunState.values)}.", field="state")
    workflow = _locked(workflow)
    run = Run(
        workflow=workflow,
        workflow_version=_version(workflow, number, repeats),
        name=_free_name(workflow, name),
        state=state,
        started_at=started_at or ended_at or at,
        ended_at=None if state == RunState.RUNNING else ended_at or at,
        run_by=by.person,
        **run_facts.checked(asdict(facts or RunFacts())),
        model_version=_of_model(model_version, workflow),
        repeats=_repeatable(repeats, workflow),
    )
    _check_times(run, ended_at, at)
    run.is_reproduced, why = _verdict(run)
    placed = Placement(parent=workflow.subject_id)
    history.record(run, "catalogue.run_recorded", by=by, at=at, placed=placed)
    _note_verdict(run, why, by=by, at=at)
    return run


@transaction.atomic
def finish(
    run: Run,
    *,
    state: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    ended_at: datetime | None = None,
    **facts: Any,
) -> Run:
    """Record the end of a running run. facts: fields of RunFacts that are known only now.

    Raises Refused with the field, IllegalMove if it has ended, ChangedMeanwhile.
    """
    if state not in (RunState.SUCCEEDED, RunState.FAILED):
        raise Refused("Use succeeded or failed.", field="state")
    run.workflow = _locked(run.workflow)
    values = run_facts.checked(facts) | {"ended_at": ended_at or at}
    ended = Run(workflow=run.workflow, repeats=run.repeats, state=state, started_at=run.started_at)
    for name in (*run_facts.INPUTS, "ended_at"):
        setattr(ended, name, values.get(name, getattr(run, name)))
    _check_times(ended, ended_at, at)
    values["is_reproduced"], why = _verdict(ended)
    history.move(run, state, by=by, at=at, seen=seen, values=values)
    _note_verdict(run, why, by=by, at=at)
    return run


@transaction.atomic
def change(run: Run, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None) -> Run:
    """Change fields of CHANGEABLE. What a run measured never changes. Raises Refused, ChangedMeanwhile."""
    for name in values:
        if name not in CHANGEABLE:
            fix = "What a run measured does not change. Record another run." if hasattr(run, name) else ""
            raise Refused(fix or "There is no such field.", field=name)
    given = dict(values) | run_facts.checked(values)
    if "model_version" in given:
        _of_model(given["model_version"], run.workflow)
    history.change(run, given, by=by, at=at, seen=seen)
    return run


def why_not_reproduced(run: Run) -> list[str]:
    """Return why a finished run does not reproduce the one it repeats, as sentences."""
    return obstacles(_inputs(run.repeats), _inputs(run), run.workflow.tolerance) if run.repeats else []


def _verdict(run: Run) -> tuple[bool | None, list[str]]:
    """Return whether a run reproduces the one it repeats, None if that is open, and why not."""
    if run.repeats is None or run.state != RunState.SUCCEEDED:
        return None, []
    why = why_not_reproduced(run)
    return not why, why


def _inputs(run: Run) -> Inputs:
    return Inputs(run.data_set, run.code, run.parameters, run.metrics)


def _note_verdict(run: Run, why: list[str], *, by: Actor, at: datetime) -> None:
    """Record a reproduction on the workflow, or that a repetition came to other results."""
    if run.is_reproduced is None:
        return
    if not run.is_reproduced:
        history.record(run, events.RunNotReproduced(obstacles=why), by=by, at=at)
        return
    workflows.note_reproduced(run.workflow, run, run.ended_at or at, by=by, at=at)


def _locked(workflow: Workflow) -> Workflow:
    """Lock a workflow, so that its runs get different numbers and one reproduction is the last."""
    rows = Workflow.objects.select_for_update(of=("self",)).select_related("subject", "model__subject")
    return rows.get(pk=workflow.pk)


def _version(workflow: Workflow, number: int | None, repeats: Run | None) -> WorkflowVersion:
    if repeats and repeats.workflow_id == workflow.pk:
        if number not in (None, repeats.workflow_version.number):
            fix = f"The run that it repeats ran version {repeats.workflow_version.number}. Use the same one."
            raise Refused(fix, field="number")
        return repeats.workflow_version
    condition = {"is_current": True} if number is None else {"number": number}
    version = workflow.versions.filter(**condition).first()
    if version is None:
        raise Refused(f"The workflow has no version {number}.", field="number")
    return version


def _repeatable(repeats: Run | None, workflow: Workflow) -> Run | None:
    if repeats is None:
        return None
    if repeats.workflow_id != workflow.pk:
        raise Refused("Choose a run of the same workflow.", field="repeats")
    if repeats.state != RunState.SUCCEEDED or not repeats.metrics:
        raise Refused("Choose a run that succeeded and has metrics to compare.", field="repeats")
    return repeats


def _of_model(version: Version | None, workflow: Workflow) -> Version | None:
    if version and version.model_id != workflow.model_id:
        raise Refused("Choose a version of the model of this workflow.", field="model_version")
    return version


def _check_times(run: Run, ended_at: datetime | None, at: datetime) -> None:
    for name in ("ended_at", "started_at"):
        moment = getattr(run, name)
        if moment and moment > at + MAX_AHEAD:
            raise Refused("This is in the future. Enter when it happened.", field=name)
    if run.state == RunState.RUNNING and ended_at:
        raise Refused("A running run has no end yet. Leave it out.", field="ended_at")
    if run.ended_at and run.ended_at < run.started_at:
        raise Refused("A run cannot end before it starts.", field="ended_at")


def _free_name(workflow: Workflow, text: str) -> str:
    """Return the name of a new run, by default the next free number. Raises Refused for one that is taken."""
    name = " ".join(one_line(many_lines_within(text)).split())
    if len(name) > MAX_NAME:
        raise Refused(f"Use at most {MAX_NAME} characters.", field="name")
    taken = workflow.runs.filter(name=name).exists()
    if name and taken:
        raise Refused(f"{workflow.name} already has a run “{name}”. Use another name.", field="name")
    number = workflow.runs.count()
    while not name or taken:
        number += 1
        name = str(number)
        taken = workflow.runs.filter(name=name).exists()
    return name
