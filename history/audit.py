"""What the auditor checks of due dates and handovers: work that nobody did, and claims that nobody ended."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now

from history.models import Due, Handover
from history.states import Work

# Later than every pause between two tries of a worker that lives.
LATE = timedelta(minutes=20)
_OPEN = Q(state__in=(Work.PENDING, Work.CLAIMED))


def findings(at: datetime) -> list[str]:
    """Return one sentence for each rule that does not hold at the moment `at`."""
    dues = Due.objects.filter(_OPEN, at__lt=at - LATE, not_before__lt=Now() - LATE).count()
    handovers = Handover.objects.filter(_OPEN, not_before__lt=Now() - LATE).count()
    found = []
    if dues:
        found.append(f"{dues} due dates passed more than 20 minutes ago, and nothing happened.")
    if handovers:
        found.append(f"{handovers} events have waited for their handlers for more than 20 minutes.")
    return found
