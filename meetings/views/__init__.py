"""The pages of the meeting rhythm, by noun."""
