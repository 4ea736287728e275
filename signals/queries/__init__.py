"""Reading signals, by noun."""
