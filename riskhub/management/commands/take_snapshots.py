"""`take_snapshots [--from DAY]`: take the snapshot of today, and derive those of past days from history."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit import clock
from leaders.operations import snapshot
from leaders.states import Gap
from people import queries as people


class Command(BaseCommand):
    help = "Take the snapshot of today. --from derives those of past days that do not exist yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="since", help="The first day, such as 2026-09-01.")

    def handle(self, *args: Any, **options: Any) -> None:
        with clock.ahead_by(people.time_ahead()):
            at = clock.now()
            if people.organisation() is None:
                raise CommandError("The register is not set up yet.")
            past = snapshot.take_past(self._first(options["since"], at), at=at) if options["since"] else []
            is_new = snapshot.take(at)
        self.stdout.write("Took the snapshot of today." if is_new else "There is a snapshot of today.")
        if past:
            self.stdout.write(f"Derived {len(past)} days from {min(past)} to {max(past)}.")
            self.stdout.write("History does not tell:")
            for gap in Gap:
                self.stdout.write(f"- {gap.label}")

    @staticmethod
    def _first(text: str, at: Any) -> date:
        today = people.local_day(at)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise CommandError(f"--from {text}: use a date such as 2026-09-01.") from None
        if not today - snapshot.LONGEST <= day < today:
            raise CommandError(f"--from {text}: use a day before today, within ten years.")
        return day
