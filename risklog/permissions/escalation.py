"""Who may do what: escalation."""
