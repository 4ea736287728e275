from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from kit.receipts import receipts
        from people import permissions  # noqa: F401
        from people.authentication.sessions import on_signed_in
        from people.operations.receipt import Book

        receipts[:] = [Book()]
        user_logged_in.connect(on_signed_in, dispatch_uid="people.on_signed_in")
