from django.apps import AppConfig


class RiskhubConfig(AppConfig):
    name = "riskhub"

    def ready(self) -> None:
        from riskhub import celery, flows, links, panels  # noqa: F401  (celery installs the bell's ringer)

        flows.install()
        links.install()
        panels.install()
