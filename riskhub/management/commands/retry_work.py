"""`retry_work`: run the due dates and handlers again that failed too often, after their cause is fixed."""

from typing import Any

from django.core.management.base import BaseCommand

from history import claims
from history.models import Due, Handover


class Command(BaseCommand):
    help = (
        "Run due dates and handlers of events again that failed too often. Run it after the cause is fixed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        dues = claims.retry_dead(Due.objects.all())
        handovers = claims.retry_dead(Handover.objects.all())
        self.stdout.write(f"{dues} due dates and {handovers} events wait for a worker again.")
