from django.apps import AppConfig


class LeadersConfig(AppConfig):
    name = "leaders"

    def ready(self) -> None:
        from leaders import permissions  # noqa: F401
