"""The API resources of this room as (address, view): one module per noun."""

from talk.api import comment, file, tag

RESOURCES: list = [*comment.RESOURCES, *file.RESOURCES, *tag.RESOURCES]
