"""`sample_organisation`: fills an empty register with a bank of four teams and six weeks of history."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kit import clock
from people.models import Organisation
from riskhub.sample import people_and_teams
from riskhub.sample.six_weeks import SixWeeks

# fmt: off
WORDS = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "gable", "heron", "inlet", "jetty",
    "kelp", "linen", "maple", "north", "olive", "pearl", "quartz", "raven", "slate", "tidal",
]
# fmt: on


class Command(BaseCommand):
    help = "Load the sample organisation into an empty register and print its log-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if Organisation.objects.exists():
            raise CommandError("This register has data already. Load the sample into an empty register.")
        passwords = {address: _password() for _, address, _, _ in people_and_teams.PEOPLE}
        with transaction.atomic():
            SixWeeks(clock.now(), passwords).create()
        self._keep(passwords)

    def _keep(self, passwords: dict[str, str]) -> None:
        """Write the log-ins to a file that only this user can read. Passwords are random per installation."""
        lines = [
            f"{address:<22} {passwords[address]:<28} {name}, {role.label.lower()}"
            for name, address, _, role in people_and_teams.PEOPLE
        ]
        path = Path(settings.HOME) / "sample-logins.txt"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        self.stdout.write("\n".join(lines[:4]))
        self.stdout.write(f"… all log-ins are in {path}")


def _password() -> str:
    return "-".join(secrets.choice(WORDS) for _ in range(4)) + f"-{secrets.randbelow(90) + 10}"
