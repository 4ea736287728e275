"""The API resources of this room as (address, view): one module per noun."""

from risklog.api import (
    acceptance,
    bulk,
    by_team,
    duplicate,
    escalation,
    imports,
    ladder,
    register_checks,
    reveal,
    review,
    risk,
    taxonomy,
)

RESOURCES: list = [
    *bulk.RESOURCES,
    *by_team.RESOURCES,
    *duplicate.RESOURCES,
    *risk.RESOURCES,
    *acceptance.RESOURCES,
    *register_checks.RESOURCES,
    *imports.RESOURCES,
    *taxonomy.RESOURCES,
    *review.RESOURCES,
    *escalation.RESOURCES,
    *ladder.RESOURCES,
    *reveal.RESOURCES,
]
