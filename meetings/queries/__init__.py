"""Reading the meeting rhythm, by noun."""
