"""Resources of the API: taxonomy."""

RESOURCES: list = []
