"""What happens in the meeting rhythm, by noun."""
