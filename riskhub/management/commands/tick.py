"""`tick [--at MOMENT]`: process everything up to a moment; --at moves the time of a sample to it."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from kit import clock
from notices.queries import sending
from people import queries as people
from people.operations import organisation as organisations
from riskhub import schedule

_FURTHEST = timedelta(days=3653)


class Command(BaseCommand):
    help = "Process due dates: reminders, escalations, digests. --at moves the time of a sample, for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at", help="A future moment, such as 2026-12-01T09:00+01:00 (sample instances only)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now() + people.time_ahead()
        at = now if options["at"] is None else self._moment(options["at"], now)
        with clock.ahead_by(people.time_ahead()):
            done = schedule.tick(at, is_simulated=options["at"] is not None)
        if sending.is_held():
            self.stdout.write("Sending is held, so no due date acts. See `manage.py release_sending`.")
        self.stdout.write(f"Processed {done} items up to {at.isoformat(timespec='minutes')}.")

    @staticmethod
    def _moment(text: str, now: datetime) -> datetime:
        try:
            at = parse_datetime(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise CommandError(
                f"--at {text}: use a moment with its time zone, such as 2026-12-01T09:00+01:00."
            )
        if at < now:
            raise CommandError(f"--at {text} is in the past. Use a future moment.")
        if at > now + _FURTHEST:
            raise CommandError(f"--at {text} is more than ten years ahead. Use smaller steps.")
        organisation = people.organisation()
        if organisation is None or not organisation.is_sample:
            raise CommandError(
                "--at is for sample instances. This register has real data, so it only uses the real time."
            )
        organisations.move_ahead(organisation, to=at, at=clock.now())
        return at
