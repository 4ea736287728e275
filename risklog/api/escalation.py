"""Resources of the API: escalation."""

RESOURCES: list = []
