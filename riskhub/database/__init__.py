"""The database backend of Riskhub (settings.DATABASES names this package as ENGINE)."""
