from django.apps import AppConfig


class LearningsConfig(AppConfig):
    name = "learnings"

    def ready(self) -> None:
        from learnings import permissions  # noqa: F401
