"""The resources of this room, by noun: (address, view)."""

from notices.api import digest, webhook

RESOURCES: list = [*digest.RESOURCES, *webhook.RESOURCES]
