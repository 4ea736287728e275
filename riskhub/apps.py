from django.apps import AppConfig


class RiskhubConfig(AppConfig):
    name = "riskhub"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from history import documents
        from people.models import Organisation
        from riskhub import celery, checks, collect, flows, panels  # noqa: F401  (they register themselves)

        collect.install_kinds()
        collect.install_events()
        flows.install()
        panels.install()
        documents.install(language=Organisation.objects.values("search_language"))
        post_migrate.connect(documents.after_migrate, sender=self, dispatch_uid="documents")
