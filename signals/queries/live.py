"""The current value of metrics, for the pages of what is about them. Nobody types in a current value."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from people.models import User
from signals.mapping.text import number_of_annotation
from signals.models import Alert, BreachGroup, Series
from signals.queries.spark import Spark, sparks
from signals.queries.threshold_status import statuses
from signals.states import BreachLevel, Direction

CAP = 4
_TONES: dict[int, str] = {BreachLevel.CRITICAL: "bad", BreachLevel.WARNING: "warn"}


@dataclass(frozen=True, slots=True)
class CurrentMetric:
    """A series with its current value in latest_value and latest_ts.

    values: one a day for 14 days. limit: the one that is crossed first, None without. level: that of the
    worst open breach, 0 for none.
    """

    series: Series
    values: Sequence[float | None]
    limit: float | None
    direction: str
    level: int

    @property
    def tone(self) -> str:
        """Return the tone of {% spark %}: "bad", "warn" or ""."""
        return _TONES.get(self.level, "")

    @property
    def label(self) -> str:
        if self.level:
            return BreachLevel(self.level).label
        return "Within" if self.limit is not None else "No threshold"


def live(
    user: User,
    *,
    at: datetime,
    series: Series | None = None,
    group: BreachGroup | None = None,
    cap: int = CAP,
) -> list[CurrentMetric]:
    """Return the metrics that a risk or review is about: a series, and those of a breach group.

    Only those that the user may see: the newest ones, at most `cap`. At most six queries.
    """
    condition = Q(pk__in=[])
    if series is not None:
        condition |= Q(pk=series.pk)
    if group is not None:
        condition |= Q(pk__in=group.breaches.filter(series__isnull=False).values("series_id"))
    rows = Series.objects.visible_to(user).filter(condition).select_related("model", "subject")
    return live_of(list(rows.order_by(F("latest_ts").desc(nulls_last=True), "id")[:cap]), at=at)


def live_of(rows: Sequence[Series], *, at: datetime) -> list[CurrentMetric]:
    """Return the metrics of series that the user may see. At most five queries."""
    ids = [series.pk for series in rows]
    if not ids:
        return []
    status = statuses(ids)
    limits = {pk: status[pk].nearest for pk in ids}
    limits |= _external_limits([pk for pk, (limit, _) in limits.items() if limit is None])
    spark_of = sparks(ids, at=at)
    empty = Spark([])
    return [
        CurrentMetric(
            series,
            spark_of.get(series.pk, empty).values,
            *limits[series.pk],
            level=status[series.pk].level,
        )
        for series in rows
    ]


def _external_limits(series_ids: Collection[int]) -> dict[int, tuple[float | None, str]]:
    """Return series id -> (limit, direction) of the newest alert of the series. One query."""
    if not series_ids:
        return {}
    newest = (
        Alert.objects.filter(breach__series_id__in=list(series_ids))
        .order_by("breach__series_id", "-seen_at", "-id")
        .distinct("breach__series_id")
        .values_list("breach__series_id", "annotations", "breach__threshold_version__direction")
    )
    return {
        pk: (number_of_annotation(annotations.get("threshold")), direction or Direction.ABOVE)
        for pk, annotations, direction in newest
    }
