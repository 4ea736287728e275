"""The API resources of this room as (address, view): one module per noun."""

from risklog.api import escalation, imports, review, risk, taxonomy

RESOURCES: list = [
    *risk.RESOURCES,
    *imports.RESOURCES,
    *taxonomy.RESOURCES,
    *review.RESOURCES,
    *escalation.RESOURCES,
]
