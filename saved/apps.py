from django.apps import AppConfig


class SavedConfig(AppConfig):
    name = "saved"

    def ready(self) -> None:
        from saved import permissions  # noqa: F401  (registers them)
