"""The rows of the list of thresholds: the rule in force, what is proposed, mutes and noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from people.models import User
from signals.models import Mute, Threshold, ThresholdVersion
from signals.queries.mute import muting
from signals.queries.noise import Noise, noise_of
from signals.states import Agreement


@dataclass(frozen=True, slots=True)
class ThresholdLine:
    """A threshold with its version in force, the number of its open proposals, its mute and its noise."""

    threshold: Threshold
    active: ThresholdVersion | None
    proposed: int
    mute: Mute | None
    noise: Noise


def lines_of(user: User, thresholds: Sequence[Threshold], at: datetime) -> list[ThresholdLine]:
    """Return the row of each threshold. Four queries. The caller has checked that the user may see them."""
    ids = [threshold.pk for threshold in thresholds]
    active: dict[int, ThresholdVersion] = {}
    proposed: dict[int, int] = {}
    states = (Agreement.ACTIVE, Agreement.PROPOSED)
    for version in ThresholdVersion.objects.filter(threshold__in=ids, state__in=states):
        if version.state == Agreement.ACTIVE:
            active[version.threshold_id] = version
        else:
            proposed[version.threshold_id] = proposed.get(version.threshold_id, 0) + 1
    noise = noise_of(ids, at, user=user)
    mutes = muting(ids, (), at).mutes
    return [
        ThresholdLine(
            threshold,
            active.get(threshold.pk),
            proposed.get(threshold.pk, 0),
            mutes.get(threshold.pk),
            noise.get(threshold.pk, Noise()),
        )
        for threshold in thresholds
    ]
