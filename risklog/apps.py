from django.apps import AppConfig


class RisklogConfig(AppConfig):
    name = "risklog"
