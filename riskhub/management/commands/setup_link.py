"""`manage.py setup_link`: prints the one-time link with which an empty instance is set up."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from kit import clock
from kit.refusals import Refused
from people.operations import organisation


class Command(BaseCommand):
    help = "Print a one-time link to set up an empty instance. Earlier links stop working."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            secret = organisation.make_link(at=clock.now())
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(settings.BASE_URL + reverse("people:set_up", args=[secret]))
