"""Note that a threshold is noisy, so that it is reviewed by a meeting and by those who decide about it."""

from datetime import datetime, timedelta

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from signals import events
from signals.models import Breach, Threshold
from signals.queries.noise import DAYS, noise_of

# A threshold that stays noisy is told of again after this time.
AGAIN_AFTER = timedelta(days=30)


@history.in_one_transaction
def note_noisy(group_subject_id: int, *, at: datetime, cause: Event | None = None) -> None:
    """Note each threshold of a reviewed breach group that is noisy, at most once in AGAIN_AFTER."""
    of_group = Breach.objects.filter(group__subject=group_subject_id).values("threshold")
    thresholds = Threshold.objects.select_for_update(of=("self",)).select_related("subject")
    found = list(thresholds.filter(pk__in=of_group).order_by("pk"))
    noise = noise_of([threshold.pk for threshold in found], at)
    for threshold in found:
        figure = noise.get(threshold.pk)
        is_told = threshold.noisy_at is not None and threshold.noisy_at > at - AGAIN_AFTER
        if figure is not None and figure.is_noisy and not is_told:
            payload = events.ThresholdNoisy(reviewed=figure.reviewed, noise=figure.noise, days=DAYS)
            history.change(threshold, {"noisy_at": at}, by=SYSTEM, at=at, payload=payload, cause=cause)
