"""`verify_chain`: check the hash chain of security-relevant events, and print its head."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from history import chain, guard


class Command(BaseCommand):
    help = "Check that no security-relevant event was changed, removed or inserted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            default="",
            help="The head that an earlier run printed. Without it, removed newest links are not detected.",
        )

    def handle(self, *args: Any, head: str = "", **options: Any) -> None:
        try:
            verdict = chain.verify(head)
        except ValueError:
            raise CommandError(
                "--head is not valid. Use <number>:<hash>, as this command prints it."
            ) from None
        if verdict.broken_at is not None:
            raise CommandError(f"The chain is broken at link {verdict.broken_at} of history.")
        self.stdout.write(f"{verdict.length} links, intact.")
        if verdict.head:
            self.stdout.write(f"head {verdict.head}")
        if not guard.is_guarded_by_role():
            self.stdout.write(
                "Only a trigger protects history. Give the application a separate database role."
            )
