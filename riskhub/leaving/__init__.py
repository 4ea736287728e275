"""What a person owns, and how it is handed over: the only operation that spans all rooms."""
