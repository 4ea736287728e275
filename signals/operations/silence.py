"""Open the breaches of rules "no data for a time". One statement finds them over all series."""

from datetime import datetime

from django.db import connection, transaction

from history.claims import Tally
from kit.actor import SYSTEM
from signals.measures import LONGEST_SILENCE, silence
from signals.models import Series
from signals.operations import breach, judging
from signals.states import RuleKind

_AT_ONCE = 1_000
# Series that are silent for longer than a limit of a rule in force, without an open breach of that level.
_SILENT = """
SELECT DISTINCT s.id
FROM signals_thresholdversion v
JOIN signals_threshold t ON t.id = v.threshold_id
JOIN signals_series s ON s.id = t.series_id
WHERE v.state = 'active' AND v.kind = 'silence'
  AND s.latest_ts < %(at)s - least(v.warning, v.critical, %(most)s) * interval '1 hour'
  AND NOT EXISTS (
    SELECT 1 FROM signals_breach b
    WHERE b.threshold_id = t.id AND b.state = 'open'
      AND b.level >= CASE
        WHEN s.latest_ts < %(at)s - least(v.critical, %(most)s) * interval '1 hour' THEN 2 ELSE 1
      END
  )
ORDER BY s.id LIMIT %(limit)s
"""


def note_silent(*, at: datetime) -> Tally:
    """Open or worsen a breach for each series that has had no data for longer than its rule allows."""
    with connection.cursor() as cursor:
        cursor.execute(_SILENT, {"at": at, "limit": _AT_ONCE, "most": LONGEST_SILENCE})
        ids = [pk for (pk,) in cursor.fetchall()]
    return Tally(done=_note(ids, at=at) if ids else 0)


@transaction.atomic
def _note(series_ids: list[int], *, at: datetime) -> int:
    """Judge the silence of these series, except those that are being written to. Return how many breaches."""
    rows = Series.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by("pk")
    values = rows.filter(pk__in=series_ids, latest_ts__isnull=False).values_list("pk", "latest_ts")
    latest = {pk: ts for pk, ts in values if ts is not None}
    rules = [rule for rule in judging.active_rules(latest) if rule.rule.kind == RuleKind.SILENCE]
    planned = judging.changed_breaches(
        [(rule, silence(rule.rule, latest[rule.series_id], at)) for rule in rules]
    )
    breach.lock_causes(change.cause.key for change in planned)
    breach.settle(planned, by=SYSTEM, at=at)
    return len(planned)
