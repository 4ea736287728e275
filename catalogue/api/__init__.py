"""The API resources of this room as (address, view): one module per noun."""

from catalogue.api import change_request, decision_right, model, version

RESOURCES = [*model.RESOURCES, *version.RESOURCES, *decision_right.RESOURCES, *change_request.RESOURCES]
