"""Rows created by operations, so that no test starts from an impossible row."""
