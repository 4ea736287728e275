from django.apps import AppConfig


class RisklogConfig(AppConfig):
    name = "risklog"

    def ready(self) -> None:
        from risklog import permissions  # noqa: F401
