from django.apps import AppConfig


class RiskhubConfig(AppConfig):
    name = "riskhub"

    def ready(self) -> None:
        from riskhub import celery  # noqa: F401  (installs the bell's ringer)
        from riskhub import flows, links, panels

        flows.install()
        links.install()
        panels.install()
