from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        from people import permissions  # noqa: F401
        from people.operations.receipt import Book
        from rest.receipts import receipts

        receipts[:] = [Book()]
