"""Rebuild the search documents that are missing or in another language than the organisation's."""

from typing import Any

from django.core.management.base import BaseCommand

from history import documents


class Command(BaseCommand):
    help = (
        "Rebuild search documents that are missing or not in the organisation's language, now instead of in"
        " the background. The command may be stopped and repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        for size in documents.rebuild():
            done += size
            self.stdout.write(f"{done} documents rebuilt")
        if not done:
            self.stdout.write("All documents are up to date.")
