"""The status of series against their thresholds. "No threshold" is a status of its own, and pages show it."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, Max

from signals.models import Breach, ThresholdVersion
from signals.states import Agreement, BreachLevel, BreachState, Direction


@dataclass(frozen=True, slots=True)
class ThresholdStatus:
    """level: that of the worst open breach, 0 for none. versions: those in force, () for no threshold."""

    level: int = 0
    versions: tuple[ThresholdVersion, ...] = ()

    @property
    def label(self) -> str:
        if self.level:
            return BreachLevel(self.level).label
        return "Within" if self.versions else "No threshold"

    @property
    def nearest(self) -> tuple[float | None, str]:
        """Return the limit that is crossed first, and its direction; (None, "above") without a limit."""
        limits: dict[str, list[float]] = {}
        for version in self.versions:
            limit = version.warning if version.warning is not None else version.critical
            if limit is not None:
                limits.setdefault(version.direction, []).append(limit)
        if above := limits.get(Direction.ABOVE):
            return min(above), Direction.ABOVE
        if below := limits.get(Direction.BELOW):
            return max(below), Direction.BELOW
        return None, Direction.ABOVE


def in_force(series_ids: Collection[int]) -> dict[int, tuple[ThresholdVersion, ...]]:
    """Return series id -> its versions in force, () if it has none. One query."""
    versions_by_series: dict[int, tuple[ThresholdVersion, ...]] = dict.fromkeys(series_ids, ())
    versions = (
        ThresholdVersion.objects.filter(
            state=Agreement.ACTIVE, threshold__series_id__in=list(versions_by_series)
        )
        .select_related("threshold")
        .annotate(series_id=F("threshold__series_id"))
        .order_by("threshold_id")
    )
    for version in versions:
        versions_by_series[version.series_id] += (version,)
    return versions_by_series


def statuses(series_ids: Collection[int]) -> dict[int, ThresholdStatus]:
    """Return series id -> its status. Two queries."""
    versions = in_force(series_ids)
    levels = dict(
        Breach.objects.filter(series_id__in=list(versions), state=BreachState.OPEN)
        .order_by()
        .values_list("series_id")
        .annotate(worst=Max("level"))
    )
    return {pk: ThresholdStatus(levels.get(pk, 0), in_force) for pk, in_force in versions.items()}
