"""Tell the owners of sources that stopped sending, once for each silence."""

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
    """Record each source whose next payload is overdue and that was not recorded since its last payload."""
    overdue = Source.objects.filter(
        Q(silent_since=None) | Q(silent_since__lt=F("last_received_at")),
        expected_every__isnull=False,
        last_received_at__lt=at - F("expected_every"),
    )
    rows = overdue.select_related("subject").select_for_update(of=("self",), skip_locked=True, no_key=True)
    silent = list(rows.order_by("pk")[:_AT_ONCE])
    for source in silent:
        Source.objects.filter(pk=source.pk).update(silent_since=at)
        history.record(source, "signals.source_silent", by=SYSTEM, at=at)
    return Tally(done=len(silent))
