"""Who may do what: review."""
