"""`doctor`: check the installation, with one line for each check and the fix of what is wrong."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from riskhub import doctor
from riskhub.pipeline import Level

_SIGNS = {Level.OK: "ok", Level.WARNING: "warning", Level.RED: "WRONG"}


class Command(BaseCommand):
    help = (
        "Check the installation: database, mail, address, clock, processes and more. Exits 1 if one is wrong."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine()
        for one in found:
            fix = f" Fix: {one.fix}" if one.fix else ""
            end = "." if fix else ""
            self.stdout.write(f"{_SIGNS[one.level]:<8} {one.check}: {one.text}{end}{fix}")
        if any(one.level == Level.RED for one in found):
            sys.exit(1)
