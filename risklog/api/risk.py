"""Resources of the API: risk."""

RESOURCES: list = []
