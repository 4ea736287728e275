"""The API resources of this room as (address, view): one module per noun."""

from risklog.api import (
    acceptance,
    appetite,
    bulk,
    by_team,
    duplicate,
    escalation,
    imports,
    ladder,
    matrix,
    register_checks,
    reveal,
    review,
    risk,
    scoring,
    taxonomy,
    template,
)

RESOURCES: list = [
    *bulk.RESOURCES,
    *by_team.RESOURCES,
    *duplicate.RESOURCES,
    *risk.RESOURCES,
    *acceptance.RESOURCES,
    *scoring.RESOURCES,
    *register_checks.RESOURCES,
    *imports.RESOURCES,
    *taxonomy.RESOURCES,
    *matrix.RESOURCES,
    *template.RESOURCES,
    *appetite.RESOURCES,
    *review.RESOURCES,
    *escalation.RESOURCES,
    *ladder.RESOURCES,
    *reveal.RESOURCES,
]
