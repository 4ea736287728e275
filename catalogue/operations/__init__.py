"""What can be done to models."""
