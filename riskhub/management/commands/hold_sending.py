"""`hold_sending [--backup-at MOMENT]`: hold all sending of a register that other tools restored or copied."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from kit import clock
from kit.actor import SYSTEM
from notices.operations import sending as operations
from people import queries as people


class Command(BaseCommand):
    help = (
        "Hold mails, webhooks and due dates until an administrator starts sending. `restore` does it itself."
        " Run it after a recovery to a point in time, before worker and beat start."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--backup-at", help="the moment that was restored, such as 2026-12-01T09:00+01:00"
        )

    def handle(self, *args: Any, backup_at: str | None = None, **options: Any) -> None:
        at = clock.now() + people.time_ahead()
        operations.hold(backup_at=_moment(backup_at) if backup_at else None, by=SYSTEM, at=at)
        self.stdout.write("Sending is held until an administrator starts it, or `manage.py release_sending`.")


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandError(
            f"--backup-at {text}: use a moment with its time zone, such as 2026-12-01T09:00+01:00."
        )
    return moment
