"""`release_sending --older drop|send`: let a restored register send mails and webhooks again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit import clock
from kit.actor import SYSTEM
from kit.refusals import Refused
from lists.bulk import counted
from notices.operations import sending as operations
from notices.queries import sending
from people import queries as people


class Command(BaseCommand):
    help = (
        "Start sending after a restore. Without --older it only shows what waits. The button on each page"
        " of an administrator does the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older",
            choices=("drop", "send"),
            help="what to do with mails and webhooks from before the backup, which were probably sent then",
        )

    def handle(self, *args: Any, older: str | None = None, **options: Any) -> None:
        at = clock.now() + people.time_ahead()
        held = sending.held(at)
        if held is None:
            raise CommandError("Sending is not held: mails and webhooks are sent already.")
        self.stdout.write(
            f"Waiting: {counted(held.mails, 'mail')} and {counted(held.webhooks, 'webhook')}. Of these"
            f" {counted(held.older_mails, 'mail')} and {counted(held.older_webhooks, 'webhook')} are from"
            f" before {held.limit:%d %b %Y %H:%M} UTC. Passed: {counted(held.dues, 'due date')}."
        )
        if older is None:
            self.stdout.write("Nothing was changed. Choose: release_sending --older drop, or --older send.")
            return
        try:
            mails, webhooks = operations.start(drops_older=older == "drop", by=SYSTEM, at=at)
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(
            f"Sending started. Dropped: {counted(mails, 'mail')}, {counted(webhooks, 'webhook')}."
        )
