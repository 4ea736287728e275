"""Models of the inventory, and who decides about them."""

from itertools import count

from catalogue.models import (
    Alias,
    ChangeRequest,
    DecisionRight,
    Deployment,
    Model,
    Registry,
    RollbackProcedure,
    Run,
    Validation,
    Version,
    Workflow,
)
from catalogue.operations import alias as aliases
from catalogue.operations import change_request, decision_right
from catalogue.operations import deployment as deployments
from catalogue.operations import model as operations
from catalogue.operations import registry as registries
from catalogue.operations import rollback as rollbacks
from catalogue.operations import run as runs
from catalogue.operations import validation as validations
from catalogue.operations import version as versions
from catalogue.operations import workflow as workflows
from catalogue.recipes import PARTS, Recipe
from catalogue.states import RightKind
from kit.actor import SYSTEM, Actor
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def model(slug: str = "", **fields) -> Model:
    slug = slug or f"model-{next(_numbers)}"
    name = fields.pop("name", slug.replace("-", " ").capitalize())
    return operations.add(name=name, slug=slug, by=SYSTEM, at=AT, **fields)


def right(kind: str = RightKind.DEPLOYMENT, **fields) -> DecisionRight:
    """A decision right, of a new person unless the fields name another holder."""
    if not fields.keys() & {"person", "function", "who"}:
        fields["person"] = people.user()
    fields.setdefault("who", "person" if "person" in fields else "function")
    return decision_right.assign(kind=kind, why=fields.pop("why", "Agreed"), by=SYSTEM, at=AT, **fields)


def change(
    of_model: Model | None = None, *, opened_by=None, is_emergency: bool = False, **fields
) -> ChangeRequest:
    """A change request with a rollback plan. fields: of the operation, and of its ChangePlan."""
    by = Actor(opened_by, "page") if opened_by else SYSTEM
    own = {name: fields.pop(name) for name in ("kind",) if name in fields}
    title = fields.pop("title", "Retrain on this quarter")
    plan = change_request.ChangePlan(**{"rollback": "Deploy the former version.", **fields})
    return change_request.open(
        model=of_model or model(), title=title, plan=plan, is_emergency=is_emergency, by=by, at=AT, **own
    )


def version(of: Model | None = None, name: str = "", **fields) -> Version:
    """A version of a model, of a new one by default."""
    return versions.register(of or model(), name=name or str(next(_numbers)), by=SYSTEM, at=AT, **fields)


def alias(of: Model | None = None, name: str = "") -> Alias:
    """Another name of a model, of a new one by default."""
    return aliases.add(of or model(), name=name or f"Alias {next(_numbers)}", by=SYSTEM, at=AT)


def workflow(of: Model | None = None, name: str = "Training", *, by: Actor = SYSTEM, **fields) -> Workflow:
    """A workflow of a model, of a new one by default. fields: its own, and the parts of its recipe."""
    recipe = Recipe(**{part: fields.pop(part) for part in PARTS if part in fields})
    return workflows.add(model=of or model(), name=name, recipe=recipe, by=by, at=AT, **fields)


def deployment(of: Model | None = None, version: str = "1", *, by=None, at=AT, **details) -> Deployment:
    """A deployment of a version of a model, of a new one by default. details: of DeploymentDetails."""
    actor = Actor(by, "api") if by else SYSTEM
    details = deployments.DeploymentDetails(**details)
    return deployments.record(of or model(), version=version, details=details, by=actor, at=at)[0]


def registry(**fields) -> Registry:
    """A model registry of a new person, unless the fields name another owner. Nothing is read from it."""
    fields.setdefault("owner", people.user())
    values = {"name": "MLflow", "url": "https://mlflow.example.org", **fields}
    return registries.add(**values, by=SYSTEM, at=AT)


def run(of: Workflow | None = None, name: str = "", *, by: Actor = SYSTEM, at=AT, **fields) -> Run:
    """A run of a workflow, of a new one by default. fields: of the operation, and of RunFacts."""
    facts = {part: fields.pop(part) for part in runs.RunFacts.__dataclass_fields__ if part in fields}
    return runs.record(
        workflow=of or workflow(), name=name, facts=runs.RunFacts(**facts), by=by, at=at, **fields
    )


def rollback(
    of: Model | None = None, steps: str = "Deploy the former version.", **fields
) -> RollbackProcedure:
    """The rollback procedure of a model, of a new one by default."""
    return rollbacks.add(of or model(), steps=steps, by=SYSTEM, at=AT, **fields)


def validation(of: Model | None = None, **fields) -> Validation:
    """An open validation of a model, of a new one by default, by a new person."""
    fields.setdefault("validated_by", people.user())
    return validations.open(of or model(), by=SYSTEM, at=AT, **fields)
