"""`tick [--at MOMENT]`: let everything up to a moment happen; a later moment in a sample instance only."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from kit import clock
from people import queries as people
from riskhub import schedule

_FURTHEST = timedelta(days=3653)


class Command(BaseCommand):
    help = "Lets dates act: reminders, escalations, digests. --at moves the dates and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at", help="A moment to come, such as 2026-12-01T09:00+01:00 (sample instances only)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        at = now if options["at"] is None else self._moment(options["at"], now)
        done = schedule.tick(at, is_simulated=options["at"] is not None)
        self.stdout.write(f"Ticked at {at.isoformat(timespec='minutes')}: {done} things done.")

    @staticmethod
    def _moment(text: str, now: datetime) -> datetime:
        try:
            at = parse_datetime(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise CommandError(f"--at {text}: write a moment with its zone, such as 2026-12-01T09:00+01:00.")
        if at < now:
            raise CommandError(f"--at {text} is past. Time only goes forward here.")
        if at > now + _FURTHEST:
            raise CommandError(f"--at {text} is more than ten years ahead. Go there in smaller steps.")
        organisation = people.organisation()
        if organisation is None or not organisation.is_sample:
            raise CommandError(
                "--at is for sample instances. This register is a real one; its time is the clock's."
            )
        return at
