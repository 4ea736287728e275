from django.apps import AppConfig, apps


class RiskhubConfig(AppConfig):
    name = "riskhub"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from history import documents
        from people.models import Organisation
        from riskhub import celery, checks, collect, flows, panels  # noqa: F401  (they register themselves)
        from talk.operations import tag

        collect.install_kinds()
        collect.install_events()
        collect.install_lists()
        flows.install()
        panels.install()
        documents.install(language=Organisation.objects.values("search_language"))
        # Django sends the signal only for apps that have models.
        history = apps.get_app_config("history")
        post_migrate.connect(documents.after_migrate, sender=history, dispatch_uid="documents")
        post_migrate.connect(tag.after_migrate, sender=apps.get_app_config("talk"), dispatch_uid="tags")
