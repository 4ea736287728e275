"""The base of every API resource. It has no tables and knows no room."""
