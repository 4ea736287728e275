"""The API resources of this room as (address, view): one module per noun."""

from catalogue.api import (
    alias,
    change_request,
    decision_right,
    deployment,
    lineage,
    model,
    model_sheet,
    registry,
    rollback,
    run,
    validation,
    version,
    workflow,
    workflow_audit,
)

RESOURCES = [
    *model_sheet.RESOURCES,  # its address is in the form of that of a model
    *model.RESOURCES,
    *alias.RESOURCES,
    *version.RESOURCES,
    *validation.RESOURCES,
    *lineage.RESOURCES,
    *workflow.RESOURCES,
    *workflow_audit.RESOURCES,
    *deployment.RESOURCES,
    *registry.RESOURCES,
    *run.RESOURCES,
    *rollback.RESOURCES,
    *decision_right.RESOURCES,
    *change_request.RESOURCES,
]
