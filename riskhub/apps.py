from django.apps import AppConfig


class RiskhubConfig(AppConfig):
    name = "riskhub"

    def ready(self) -> None:
        from riskhub import flows, panels

        flows.install()
        panels.install()
