from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate


class NoticesConfig(AppConfig):
    name = "notices"

    def ready(self) -> None:
        from notices import permissions  # noqa: F401
        from notices.queries import sending
        from people import queries as people

        people.read_along(sending.SETTING, sending.along())
        post_migrate.connect(_note_mail_switch, sender=self)


def _note_mail_switch(using: str, **options: Any) -> None:
    """Record after each migration since when mail is sent. Every start migrates before anybody can act."""
    from kit import clock
    from notices.operations import mail_switch

    # A migration to an older version has no such table.
    if "notices_mailswitch" in connections[using].introspection.table_names():
        mail_switch.note(is_on=not settings.IS_MAIL_KEPT, at=clock.now(), using=using)
