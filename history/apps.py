from django.apps import AppConfig
from django.db.models.signals import post_migrate


class HistoryConfig(AppConfig):
    name = "history"

    def ready(self) -> None:
        from history import guard

        post_migrate.connect(guard.after_migrate, sender=self)
