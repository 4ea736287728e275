"""The API resources of this room as (address, view): one module per noun."""

from catalogue.api import decision_right, model

RESOURCES = [*model.RESOURCES, *decision_right.RESOURCES]
