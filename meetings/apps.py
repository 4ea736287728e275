from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"

    def ready(self) -> None:
        """Register the permissions of this room."""
        from meetings import permissions  # noqa: F401
