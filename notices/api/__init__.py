"""The API resources of this room as (address, view): one module per noun."""

from notices.api import webhook

RESOURCES: list = [*webhook.RESOURCES]
