"""Who may do what: risk."""
