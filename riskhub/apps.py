from django.apps import AppConfig


class RiskhubConfig(AppConfig):
    name = "riskhub"

    def ready(self) -> None:
        from riskhub import celery, checks, collect, flows, panels  # noqa: F401  (they register themselves)

        collect.install_kinds()
        collect.install_events()
        flows.install()
        panels.install()
