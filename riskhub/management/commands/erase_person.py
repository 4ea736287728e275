"""`manage.py erase_person ADDRESS`: erases a person who left. It needs the role of the owner."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit import clock
from kit.actor import SYSTEM
from kit.refusals import Refused
from people.models import User
from riskhub.database.owner import as_owner
from riskhub.erasure import operations
from riskhub.erasure.operations import Report

_SHOWN = 10  # rows of one place


class Command(BaseCommand):
    help = (
        "Erase a person who left. It shows what it would do, asks for the address again, erases, and lists "
        "what still names the person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the address of the person")
        parser.add_argument("--dry-run", action="store_true", help="only show what would happen")
        parser.add_argument(
            "--texts",
            action="store_true",
            help="also replace the name in what people wrote, and in events that are not chained",
        )
        parser.add_argument(
            "--also",
            action="append",
            default=[],
            help="a further name of the person; repeatable",
        )
        parser.add_argument("--confirm", default="", help="the address again, to erase without being asked")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            person = User.objects.filter(email=options["email"].strip().lower()).first()
            if person is None:
                raise CommandError(f"No person has the address {options['email']}.")
            try:
                self._erase(person, options)
            except Refused as refusal:
                raise CommandError(refusal.message) from None

    def _erase(self, person: User, options: dict[str, Any]) -> None:
        asked = {"replaces_texts": options["texts"], "also": tuple(options["also"])}
        planned = operations.plan(person, **asked)
        self._show(planned, done=False)
        if options["dry_run"]:
            return
        try:
            typed = options["confirm"] or input("Type the address of the person to erase them: ")
        except EOFError:
            raise CommandError("Without a terminal, give the address again with --confirm.") from None
        if typed.strip().lower() != person.email:
            raise CommandError("This is another address. Nothing was changed.")
        self._show(operations.erase(person, **asked, by=SYSTEM, at=clock.now()), done=True)

    def _show(self, report: Report, *, done: bool) -> None:
        said = "Replaced or deleted" if done else "Would be replaced or deleted"
        self.stdout.write(f"{said}: {sum(report.replaced.values())}")
        for name, number in sorted(report.replaced.items()):
            self.stdout.write(f"  {name}: {number}")
        self.stdout.write(f"Still {'names' if done else 'would name'} the person: {len(report.remaining)}")
        shown: Counter[str] = Counter()
        for found in report.remaining:
            shown[found.place.name] += 1
            if shown[found.place.name] <= _SHOWN:
                key = ", ".join(map(str, found.key))
                self.stdout.write(f"  {found.place.name} {key}: {report.terms.excerpt(found.value)}")
        for name, number in shown.items():
            if number > _SHOWN:
                self.stdout.write(f"  {name}: {number - _SHOWN} more")
