"""Record that sources stopped sending, once for each silence, and that they send again."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from history import operations as history
from history.claims import Tally
from kit.actor import SYSTEM
from signals.models import Source

_AT_ONCE = 200


@transaction.atomic
def note_silent_sources(*, at: datetime) -> Tally:
    """Record each source whose next payload is overdue, once, and each recorded one that sends again."""
    late = Q(last_received_at__lt=at - F("expected_every"), expected_every__isnull=False)
    back = Q(last_received_at__gte=F("silent_since"))
    silent = _record(late & (Q(silent_since=None) | back), "signals.source_silent", silent_since=at, at=at)
    heard = _record(back, "signals.source_heard", silent_since=None, at=at)
    return Tally(done=silent + heard)


def _record(which: Q, verb: str, *, silent_since: datetime | None, at: datetime) -> int:
    """Record an event of each of these sources. Returns how many there were, at most _AT_ONCE."""
    rows = Source.objects.filter(which).select_related("subject")
    locked = rows.select_for_update(of=("self",), skip_locked=True, no_key=True)
    sources = list(locked.order_by("pk")[:_AT_ONCE])
    for source in sources:
        Source.objects.filter(pk=source.pk).update(silent_since=silent_since)
        history.record(source, verb, by=SYSTEM, at=at)
    return len(sources)
