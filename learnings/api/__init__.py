"""The API resources of this room as (address, view): one module per noun."""

from learnings.api import learning, use

RESOURCES: list = [*learning.RESOURCES, *use.RESOURCES]
