"""The models of the catalogue: one module per noun."""

from catalogue.models.alias import Alias
from catalogue.models.change_request import ChangeRequest
from catalogue.models.decision_right import DecisionRight
from catalogue.models.deployment import Deployment
from catalogue.models.model import Dependency, Model
from catalogue.models.registry import Registry, RegistryModel, RegistryReading
from catalogue.models.rollback import RollbackProcedure
from catalogue.models.run import Run
from catalogue.models.validation import Validation, ValidationFinding
from catalogue.models.version import Version
from catalogue.models.workflow import Workflow, WorkflowVersion

__all__ = [
    "Alias",
    "ChangeRequest",
    "DecisionRight",
    "Dependency",
    "Deployment",
    "Model",
    "Registry",
    "RegistryModel",
    "RegistryReading",
    "RollbackProcedure",
    "Run",
    "Validation",
    "ValidationFinding",
    "Version",
    "Workflow",
    "WorkflowVersion",
]
