from django.apps import AppConfig


class RisklogConfig(AppConfig):
    name = "risklog"

    def ready(self) -> None:
        from people import queries as people
        from risklog import permissions  # noqa: F401
        from risklog.models import matrix

        people.read_along(matrix.SETTING, matrix.along())
