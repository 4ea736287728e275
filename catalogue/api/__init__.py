"""The API resources of this room as (address, view): one module per noun."""

from catalogue.api import change_request, decision_right, model

RESOURCES = [*model.RESOURCES, *decision_right.RESOURCES, *change_request.RESOURCES]
