"""How noisy a threshold is: how many of its reviewed breaches people called a false alarm."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from people.models import User
from signals.models import Breach
from signals.queries.verdicts import BreachVerdict, verdicts

DAYS = 90
# A threshold is noisy from this many false alarms on, if they are at least half of its reviewed breaches.
LEAST = 3


@dataclass(frozen=True, slots=True)
class Noise:
    """The reviewed breach groups of a threshold in the last DAYS days. noise: those called a false alarm."""

    reviewed: int = 0
    noise: int = 0
    real: int = 0

    @property
    def is_noisy(self) -> bool:
        return self.noise >= LEAST and 2 * self.noise >= self.reviewed

    @property
    def share(self) -> int | None:
        """Return the share of false alarms in per cent, None without a reviewed breach."""
        return round(100 * self.noise / self.reviewed) if self.reviewed else None


def noise_of(threshold_ids: Collection[int], at: datetime, *, user: User | None = None) -> dict[int, Noise]:
    """Return threshold id -> its noise, without thresholds that have no reviewed breach. Two queries.

    user: counts only what they may see. None: counts what everyone who sees the threshold may see.
    """
    since = at - timedelta(days=DAYS)
    rows = Breach.objects.filter(threshold__in=threshold_ids, opened_at__gte=since, opened_at__lte=at)
    if user is not None:
        rows = rows.visible_to(user)
    else:
        of_root = Q(group__subject__root=F("threshold__subject__root"))
        rows = rows.filter(of_root | Q(group__subject__viewers__isnull=True))
    pairs = set(rows.order_by().values_list("threshold_id", "group__subject_id").distinct())
    found = verdicts(user, {subject for _, subject in pairs})
    called: dict[int, Counter[str]] = defaultdict(Counter)
    for threshold_id, subject in pairs:
        if subject in found:
            called[threshold_id][found[subject].called] += 1
    return {
        pk: Noise(sum(counts.values()), counts[BreachVerdict.NOISE], counts[BreachVerdict.REAL])
        for pk, counts in called.items()
    }
