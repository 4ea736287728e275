"""The API of actions, by noun."""

from actions.api import action, bulk

# The bulk change comes first: its address also matches that of one action.
RESOURCES: list = [*bulk.RESOURCES, *action.RESOURCES]
