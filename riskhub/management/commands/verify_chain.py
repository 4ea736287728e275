"""`verify_chain`: walk the hash chain of security-relevant events; says the first place that does not fit."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from history import chain, guard


class Command(BaseCommand):
    help = "Checks that no security-relevant event was changed, removed or slipped in."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = chain.verify()
        if verdict.broken_at is not None:
            raise CommandError(f"The chain is broken at link {verdict.broken_at} of history.")
        self.stdout.write(f"{verdict.length} links, whole.")
        if not guard.is_guarded_by_role():
            self.stdout.write(
                "History is guarded by its trigger alone: give the application a role of its own."
            )
