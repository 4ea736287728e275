"""A metric as it is now, for the pages of what is about it: never a typed-in "current value"."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from people.models import User
from signals.mapping.text import number_of_annotation
from signals.models import Alert, BreachGroup, Series
from signals.queries.spark import Spark, sparks
from signals.queries.standing import standings
from signals.states import Direction, Level

CAP = 4
_TONES = {Level.CRITICAL: "bad", Level.WARNING: "warn"}


@dataclass(frozen=True, slots=True)
class CurrentMetric:
    """series.latest_value and .latest_ts: now. values: the fortnight; limit: the one that is crossed first.

    level: the worst open crossing, 0 for none. limit None and level 0: no threshold.
    """

    series: Series
    values: Sequence[float | None]
    limit: float | None
    direction: str
    level: int

    @property
    def tone(self) -> str:
        """For {% spark %}."""
        return _TONES.get(self.level, "")  # type: ignore[call-overload]

    @property
    def word(self) -> str:
        if self.level:
            return Level(self.level).label
        return "Within" if self.limit is not None else "No threshold"


def live(
    user: User,
    *,
    at: datetime,
    series: Series | None = None,
    group: BreachGroup | None = None,
    cap: int = CAP,
) -> list[CurrentMetric]:
    """What a risk or review is about: its series and those of its breach group, the newest, `cap` at most.

    What the reader may not see is left out. Six queries at most, whatever the size.
    """
    wanted = Q(pk__in=[])
    if series is not None:
        wanted |= Q(pk=series.pk)
    if group is not None:
        wanted |= Q(pk__in=group.breaches.filter(series__isnull=False).values("series_id"))
    rows = Series.objects.visible_to(user).filter(wanted).select_related("model", "subject")
    return live_of(list(rows.order_by(F("latest_ts").desc(nulls_last=True), "id")[:cap]), at=at)


def live_of(rows: Sequence[Series], *, at: datetime) -> list[CurrentMetric]:
    """Live metrics of series that the reader may see. Five queries at most."""
    ids = [one.pk for one in rows]
    if not ids:
        return []
    found = standings(ids)
    limits = {pk: found[pk].nearest for pk in ids}
    limits |= _limits_of_tools([pk for pk, (limit, _) in limits.items() if limit is None])
    courses = sparks(ids, at=at)
    nothing = Spark([])
    return [
        CurrentMetric(one, courses.get(one.pk, nothing).values, *limits[one.pk], level=found[one.pk].level)
        for one in rows
    ]


def _limits_of_tools(series_ids: Collection[int]) -> dict[int, tuple[float | None, str]]:
    """The limits that outside rules name for series of theirs, by the newest alert of each. One query."""
    if not series_ids:
        return {}
    newest = (
        Alert.objects.filter(breach__series_id__in=list(series_ids))
        .order_by("breach__series_id", "-seen_at", "-id")
        .distinct("breach__series_id")
        .values_list("breach__series_id", "annotations", "breach__threshold_version__direction")
    )
    return {
        pk: (number_of_annotation(said.get("threshold")), direction or Direction.ABOVE)
        for pk, said, direction in newest
    }
