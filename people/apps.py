from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        from kit.receipts import receipts
        from people import permissions  # noqa: F401
        from people.operations.receipt import Book

        receipts[:] = [Book()]
