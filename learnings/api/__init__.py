"""The API resources of this room as (address, view): one module per noun."""

from learnings.api import learning

RESOURCES: list = [*learning.RESOURCES]
