"""The writes of this room: one module per noun."""
