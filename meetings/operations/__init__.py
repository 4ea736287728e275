"""The operations on series, meetings, agenda items and decisions, by noun."""
