"""The forms of this room's pages: one module per noun."""
