"""Write workflows of models: add, change, retire, restore. Another recipe is a new version."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from catalogue import events, recipes
from catalogue.models import Model, Run, Workflow, WorkflowVersion
from catalogue.recipes import Recipe
from catalogue.states import REPRODUCE_DAYS, TOLERANCE, Stage
from history import operations as history
from history.models import Due
from history.operations import Placement
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from kit.texts import many_lines_within, one_line
from people.models import User

REPRODUCTION_DUE = "catalogue.reproduction_due"
# The owner of a workflow that nobody reproduces is asked after this time, again and again.
ASKED_AFTER = timedelta(days=30)
OWN = ("name", "purpose", "owner", "reproduce_days", "tolerance")
CHANGEABLE = (*OWN, *recipes.PARTS, "reason")
MAX_NAME, MAX_REASON = 120, 500
MOST_DAYS, MOST_TOLERANCE = 3650, 100


@transaction.atomic
def add(
    *,
    model: Model,
    name: str,
    by: Actor,
    at: datetime,
    recipe: Recipe | None = None,
    purpose: str = "",
    owner: User | None = None,
    reproduce_days: int = REPRODUCE_DAYS,
    tolerance: float = TOLERANCE,
) -> Workflow:
    """Add a workflow of a model with the first version of its recipe.

    owner: who is asked to have it reproduced, by default the person who adds it. Raises Refused with the name
    of the field, also if the model has a workflow of this name.
    """
    own = {"name": name, "purpose": purpose, "reproduce_days": reproduce_days, "tolerance": tolerance}
    workflow = Workflow(model=model, owner=owner or _person(by), **_checked(own))
    first = WorkflowVersion(
        workflow=workflow, number=1, author=by.person, at=at, **recipes.checked(asdict(recipe or Recipe()))
    )
    try:
        with transaction.atomic():
            history.record(
                workflow,
                "catalogue.workflow_added",
                by=by,
                at=at,
                rows=[first],
                placed=Placement(parent=model.subject_id),
            )
    except IntegrityError as error:
        raise _doubled(error, model, workflow.name) from None
    plan_question(workflow, at + ASKED_AFTER)
    return workflow


@transaction.atomic
def change(
    workflow: Workflow, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Workflow:
    """Change fields of CHANGEABLE. Another recipe makes a new version, with the reason.

    Raises Refused with the name of the field, ChangedMeanwhile.
    """
    for field in values:
        if field not in CHANGEABLE:
            raise Refused("This cannot be changed here.", field=field)
    own = _checked({name: values[name] for name in OWN if name in values})
    reason = _reason(values.get("reason", ""))
    current = workflow.versions.select_for_update().get(is_current=True)
    rows: list[Any] = []
    if recipe := _other_recipe(current, values):
        version = WorkflowVersion(
            workflow=workflow,
            number=current.number + 1,
            reason=reason,
            author=by.person,
            at=at,
            **{part: recipe.get(part, getattr(current, part)) for part in recipes.PARTS},
        )
        rows = [(current, {"is_current": False}), version]
    payload = events.WorkflowChanged(number=rows[-1].number, reason=reason) if rows else None
    try:
        with transaction.atomic():
            history.change(
                workflow, own, by=by, at=at, seen=seen, payload=payload, rows=rows, raises_version=bool(rows)
            )
    except IntegrityError as error:
        raise _doubled(error, workflow.model, own.get("name", "")) from None
    if "name" in own:
        history.retitle(workflow)
    if "reproduce_days" in own and workflow.reproduced_at:
        plan_question(workflow, max(at, _counts_until(workflow, workflow.reproduced_at)))
    return workflow


@transaction.atomic
def retire(workflow: Workflow, *, by: Actor, at: datetime, seen: int | None = None) -> Workflow:
    """List a workflow no more. Its runs stay."""
    values = {"is_retired": True}
    history.change(workflow, values, by=by, at=at, seen=seen, verb="catalogue.workflow_retired")
    history.retire(workflow)
    history.drop_dues(workflow.subject_id, REPRODUCTION_DUE)
    return workflow


@transaction.atomic
def restore(workflow: Workflow, *, by: Actor, at: datetime, seen: int | None = None) -> Workflow:
    """List a retired workflow again."""
    values = {"is_retired": False}
    history.change(workflow, values, by=by, at=at, seen=seen, verb="catalogue.workflow_restored")
    history.retire(workflow, is_retired=False)
    plan_question(workflow, at + ASKED_AFTER)
    return workflow


@transaction.atomic
def note_reproduced(workflow: Workflow, run: Run, on: datetime, *, by: Actor, at: datetime) -> None:
    """Record that a run came to the same results as the one it repeats, unless a later run did so already."""
    if workflow.reproduced_at and workflow.reproduced_at >= on:
        return
    values = {"reproduced_at": on, "reproduced_by": run.run_by, "reproduced_run": run}
    history.change(workflow, values, by=by, at=at, verb="catalogue.workflow_reproduced")
    plan_question(workflow, max(at, _counts_until(workflow, on)))


def plan_question(workflow: Workflow, at: datetime) -> None:
    """Plan when its owner is asked to have a workflow reproduced, instead of what was planned before."""
    history.drop_dues(workflow.subject_id, REPRODUCTION_DUE)
    history.put_due(REPRODUCTION_DUE, workflow.subject_id, at.isoformat(), at)


@transaction.atomic
def ask_to_reproduce(due: Due, *, at: datetime) -> None:
    """Ask the owner to have a workflow reproduced, unless it was in time. Plan the next question."""
    workflow = Workflow.objects.select_related("subject", "model").filter(subject=due.subject_id).first()
    if workflow is None or workflow.is_retired:
        return
    until = workflow.reproduced_at and _counts_until(workflow, workflow.reproduced_at)
    if until and until > at:
        plan_question(workflow, until)
        return
    if workflow.model.stage != Stage.RETIRED:
        history.record(workflow, "catalogue.reproduction_asked", by=SYSTEM, at=at)
    history.put_due(REPRODUCTION_DUE, workflow.subject_id, (at + ASKED_AFTER).isoformat(), at + ASKED_AFTER)


def _counts_until(workflow: Workflow, reproduced_at: datetime) -> datetime:
    return reproduced_at + timedelta(days=workflow.reproduce_days)


def _other_recipe(current: WorkflowVersion, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a recipe that differ from the current version."""
    given = many_lines_within(recipes.checked(values))
    return {part: value for part, value in given.items() if value != getattr(current, part)}


def _person(by: Actor) -> User | None:
    """Return the acting person, None for Riskhub and for service accounts."""
    return User.objects.filter(subject=by.subject_id).first() if by.subject_id else None


def _checked(own: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(own)
    if "name" in own:
        checked["name"] = " ".join(one_line(own["name"]).split())
        if not 1 <= len(checked["name"]) <= MAX_NAME:
            raise Refused(f"Enter a name of up to {MAX_NAME} characters.", field="name")
    if "purpose" in own:
        checked["purpose"] = own["purpose"].strip()
    if "reproduce_days" in own and not 1 <= own["reproduce_days"] <= MOST_DAYS:
        raise Refused(f"Use a number of days from 1 to {MOST_DAYS}.", field="reproduce_days")
    if "tolerance" in own:
        recipes.number(own["tolerance"], "tolerance", "The tolerance")
        if not 0 <= own["tolerance"] <= MOST_TOLERANCE:
            raise Refused(f"Use a percentage from 0 to {MOST_TOLERANCE}.", field="tolerance")
    return checked


def _reason(text: str) -> str:
    reason = one_line(text).strip()
    if len(reason) > MAX_REASON:
        raise Refused(f"Use at most {MAX_REASON} characters.", field="reason")
    return reason


def _doubled(error: IntegrityError, model: Model, name: str) -> Exception:
    if "catalogue_workflow_once" not in str(error):
        return error
    return Refused(f"{model.name} already has a workflow “{name}”. Use another name.", field="name")
