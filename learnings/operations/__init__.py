"""What can be done with learnings."""
