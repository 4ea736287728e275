"""The queries of this room, by noun."""
