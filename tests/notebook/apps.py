from django.apps import AppConfig


class NotebookConfig(AppConfig):
    name = "tests.notebook"
    label = "notebook"

    def ready(self) -> None:
        from tests.notebook import permissions  # noqa: F401  (registers them)
