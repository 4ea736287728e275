"""Who may do what: taxonomy."""
