"""The API of actions, by noun."""

from actions.api import action, bulk, follow_through

# The address of one action matches any word, so it comes last.
RESOURCES: list = [*bulk.RESOURCES, *follow_through.RESOURCES, *action.RESOURCES]
