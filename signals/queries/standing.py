"""How series stand against their thresholds; "no threshold" is a state of its own, and it is shown."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Max

from signals.models import Breach, ThresholdVersion
from signals.states import Agreement, BreachState, Direction, Level


@dataclass(frozen=True, slots=True)
class ThresholdStatus:
    """level: the worst open crossing, 0 for none. versions: what judges it now, () for no threshold."""

    level: int = 0
    versions: tuple[ThresholdVersion, ...] = ()

    @property
    def word(self) -> str:
        if self.level:
            return Level(self.level).label
        return "Within" if self.versions else "No threshold"

    @property
    def nearest(self) -> tuple[float | None, str]:
        """The limit that is crossed first, and its direction: of several rules the most conservative wins."""
        found: dict[str, list[float]] = {}
        for version in self.versions:
            limit = version.warning if version.warning is not None else version.critical
            if limit is not None:
                found.setdefault(version.direction, []).append(limit)
        if above := found.get(Direction.ABOVE):
            return min(above), Direction.ABOVE
        if below := found.get(Direction.BELOW):
            return max(below), Direction.BELOW
        return None, Direction.ABOVE


def in_force(series_ids: Collection[int]) -> dict[int, tuple[ThresholdVersion, ...]]:
    """The versions that judge each series now, () where there is none. One query."""
    found: dict[int, tuple[ThresholdVersion, ...]] = dict.fromkeys(series_ids, ())
    versions = (
        ThresholdVersion.objects.filter(state=Agreement.ACTIVE, threshold__series_id__in=list(found))
        .select_related("threshold")
        .order_by("threshold_id")
    )
    for version in versions:
        found[version.threshold.series_id] += (version,)  # type: ignore[index]
    return found


def standings(series_ids: Collection[int]) -> dict[int, ThresholdStatus]:
    """How each series stands: two queries for all of them."""
    versions = in_force(series_ids)
    levels = dict(
        Breach.objects.filter(series_id__in=list(versions), state=BreachState.OPEN)
        .order_by()
        .values_list("series_id")
        .annotate(worst=Max("level"))
    )
    return {pk: ThresholdStatus(levels.get(pk, 0), some) for pk, some in versions.items()}
