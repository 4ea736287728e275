"""Rows as their operations make them: no test starts from an impossible row."""
