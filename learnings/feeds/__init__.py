"""The feeds of this room: one module per noun."""
