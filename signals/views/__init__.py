"""The pages of signals, by noun."""
