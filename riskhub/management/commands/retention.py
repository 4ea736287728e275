"""`manage.py retention [--dry-run]`: deletes what is older than the organisation keeps it, or shows it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kit import clock
from riskhub.retention import deleting
from riskhub.retention.kept import KEPT, going


class Command(BaseCommand):
    help = "Delete what is older than the organisation keeps it. A worker does the same once a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if not options["dry_run"]:
            done = deleting.run(at)
            for one in KEPT:
                self.stdout.write(f"{one.label}: {done.get(one.key, 0)} deleted")
            return
        for found in going(at, deleting.settings()):
            kept = f"kept for {found.days} days" if found.days else "kept permanently"
            oldest = f"the oldest is of {found.oldest:%Y-%m-%d}" if found.oldest else "there is none"
            self.stdout.write(f"{found.kept.label}: {found.number} to delete; {kept}, {oldest}")
