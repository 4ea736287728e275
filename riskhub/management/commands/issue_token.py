"""`manage.py issue_token EMAIL --scope read|write|ingest`: prints a new API token, and nothing else."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit import clock
from kit.actor import SYSTEM
from kit.refusals import Refused
from people.models import User
from people.operations import token
from people.states import TokenScope


class Command(BaseCommand):
    help = "Print a new API token for a person. It is shown only once. Errors go to stderr."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--scope", choices=TokenScope.values, default=TokenScope.READ.value)
        parser.add_argument("--name", default="issue_token", help="what it is for")
        parser.add_argument("--days", type=int, default=90, help="days until it expires, at most 365")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"No person has the address {options['email']}.")
        try:
            _, text = token.issue(
                user,
                name=options["name"],
                scope=options["scope"],
                days=options["days"],
                by=SYSTEM,
                at=clock.now(),
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(text)
