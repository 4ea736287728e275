"""The API resources of this room as (address, view): one module per noun."""

from learnings.api import glossary, learning, like, reading, recognition, session, use, week

# The address of one learning matches any word, so it comes last.
RESOURCES: list = [
    *like.RESOURCES,
    *reading.RESOURCES,
    *week.RESOURCES,
    *use.RESOURCES,
    *learning.RESOURCES,
    *recognition.RESOURCES,
    *session.RESOURCES,
    *glossary.RESOURCES,
]
