"""Record that sources stopped sending, once for each silence, and that they send again."""

from datetime import datetime

from django.db import transaction
from django.db.models import Expression, F, Q, QuerySet

from history import operations as history
from history.claims import Tally
from kit.actor import SYSTEM
from kit.prepared import Argument, Prepared
from signals.models import Source

_AT_ONCE = 200


_BACK = Q(last_received_at__gte=F("silent_since"))


def _overdue(at: Expression) -> Q:
    """Return the condition of a source whose next payload is overdue, and not recorded."""
    late = Q(last_received_at__lt=at - F("expected_every"), expected_every__isnull=False)
    return late & (Q(silent_since=None) | _BACK)


def _locked(which: Q) -> QuerySet[Source]:
    rows = Source.objects.filter(which).select_related("subject")
    locked = rows.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return locked.order_by("pk")[:_AT_ONCE]


# Every tick runs them, mostly for nothing.
_SILENT = Prepared(lambda: _locked(_overdue(Argument("at"))))
_HEARD = Prepared(lambda: _locked(_BACK))


@transaction.atomic
def note_silent_sources(*, at: datetime) -> Tally:
    """Record each source whose next payload is overdue, once, and each recorded one that sends again."""
    silent = _record(_SILENT.rows(at=at), "signals.source_silent", silent_since=at, at=at)
    heard = _record(_HEARD.rows(), "signals.source_heard", silent_since=None, at=at)
    return Tally(done=silent + heard)


def _record(sources: list[Source], verb: str, *, silent_since: datetime | None, at: datetime) -> int:
    """Record an event of each of these sources. Returns how many there were, at most _AT_ONCE."""
    for source in sources:
        Source.objects.filter(pk=source.pk).update(silent_since=silent_since)
        history.record(source, verb, by=SYSTEM, at=at)
    return len(sources)
