"""Comments and files on any object, and the people who watch it."""
