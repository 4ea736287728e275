"""Resources of this room: (address, view)."""

RESOURCES: list = []
