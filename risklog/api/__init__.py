"""The API resources of this room as (address, view): one module per noun."""

from risklog.api import escalation, review, risk, taxonomy

RESOURCES: list = [
    *risk.RESOURCES,
    *taxonomy.RESOURCES,
    *review.RESOURCES,
    *escalation.RESOURCES,
]
