"""Resources of the API: review."""

RESOURCES: list = []
