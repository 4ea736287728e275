"""The list specifications of this room: one module per noun."""
