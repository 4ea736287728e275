"""What patterns are looked for in: the breaches that one reader may see, and what is watched.

Five statements for any number of breaches.
"""

from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast

from django.db import connection
from django.db.models import F, Min, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from history.models import may_be_seen_by
from kit.sight import Visitor
from people import queries as people
from signals import patterns
from signals.models import Breach, Source, ThresholdVersion
from signals.patterns import Occurrence, TimeShares, WatchedSignal
from signals.states import Agreement, RuleKind

Row = dict[str, Any]
# The newest breaches that are read.
MAX_BREACHES = 20_000
# Alerts of a source that was not heard of for so long are no longer watched.
_ALERTS_SINCE = timedelta(days=365)
# When a series has data is read on so many days of the period, and for so many series.
_SAMPLED_DAYS, _MAX_SERIES = 24, 200
# A label of an alert, and how a slice begins that is an ingestion window.
WINDOW_LABEL, WINDOW_SLICE = "ingestion_window", "window="

# One index probe per hour and series, so that the cost does not depend on the number of points.
_HOURS_WITH_DATA = """
SELECT s.id, array_agg(slot.start ORDER BY slot.start)
FROM unnest(%s::bigint[]) AS s(id)
CROSS JOIN unnest(%s::timestamptz[]) AS slot(start)
WHERE EXISTS (
    SELECT 1 FROM signals_seriesvalue
    WHERE series_id = s.id AND ts >= slot.start AND last_ts >= slot.start
      AND ts < slot.start + interval '1 hour' AND first_ts < slot.start + interval '1 hour'
)
GROUP BY s.id
"""


class BreachReading:
    """The breaches of one reader and one period, and what is watched."""

    def __init__(self, user: Visitor, at: datetime, days: int) -> None:
        self.user, self.at, self.days = user, at, days
        self.zone = people.zone_of(None)
        self.start = at - timedelta(days=days)
        self.rows = self._breaches()
        self.is_cut = len(self.rows) > MAX_BREACHES
        del self.rows[MAX_BREACHES:]
        if self.is_cut:
            self.start = self.rows[-1]["opened_at"]
        self.first = self.start.astimezone(self.zone).date()
        self.last = at.astimezone(self.zone).date()
        self.models = {row["model"]: row["model_title"] for row in self.rows}

    @cached_property
    def sources(self) -> dict[int, str]:
        """Return id -> name of the sources that the reader may see."""
        return dict(Source.objects.visible_to(self.user).values_list("pk", "name"))

    def _breaches(self) -> list[Row]:
        """Return the breaches, newest first, and one more than MAX_BREACHES.

        A reviewer sees the breach of a restricted model, but not how often the model breaches.
        """
        shown = Q(group__model__isnull=True) | may_be_seen_by(self.user, "group__model__subject__")
        rows = (
            Breach.objects.filter(shown, opened_at__gte=self.start, opened_at__lte=self.at)
            .visible_to(self.user)
            .order_by("-opened_at", "-id")
            .values(
                "id",
                "opened_at",
                "feature",
                "series_id",
                "group_id",
                **_NAMED,
                rule=F("threshold_version__kind"),
                kind=F("group__kind"),
                title=F("group__title"),
                reference=F("group__subject__reference"),
                model_title=Coalesce("group__model__name", "group__model_name"),
            )
        )
        return cast(list[Row], list(rows[: MAX_BREACHES + 1]))

    def crossings(self) -> list[Occurrence]:
        times = self._times()
        return [
            Occurrence(
                row["id"],
                row["opened_at"].astimezone(self.zone),
                row["cause"],
                row["model"],
                row["feature"],
                *_slice_and_window(row["slice"], row["ingestion_window"]),
                source=self._source(row),
                # A rule of silence crosses when there is no data.
                times=None if row["rule"] == RuleKind.SILENCE else times.get(row["series_id"]),
            )
            for row in self.rows
        ]

    def _source(self, row: Row) -> int | None:
        return row["source"] if row["source"] in self.sources else None

    def _times(self) -> dict[int, TimeShares]:
        """Return series id -> when it has data. A series that is not read gets the mean of the others."""
        counts = Counter(row["series_id"] for row in self.rows if row["series_id"])
        ids = [pk for pk, _ in counts.most_common(_MAX_SERIES)]
        if not ids:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(_HOURS_WITH_DATA, [ids, self._sampled_hours()])
            found = {
                pk: patterns.times_of(start.astimezone(self.zone) for start in starts)
                for pk, starts in cursor.fetchall()
            }
        mean = patterns.mean_times(list(found.values()))
        return dict.fromkeys(counts, mean) | found if mean else {}

    def _sampled_hours(self) -> list[datetime]:
        """Return the hours of some days of the period, spread over it and over the weekdays."""
        days = (self.last - self.first).days + 1
        step = max(1, days // _SAMPLED_DAYS)
        step -= step % 7 == 0
        midnight = datetime.combine(self.first, datetime.min.time(), self.zone)
        return [
            moment
            for day in range(0, days, step)
            for hour in range(24)
            if (moment := midnight + timedelta(days=day, hours=hour)) <= self.at
        ]

    def watched(self) -> list[WatchedSignal]:
        """Return the series with a threshold in force, and the alerts that sources have sent."""
        shown = Q(threshold__series__model__isnull=True) | may_be_seen_by(
            self.user, "threshold__series__model__subject__"
        )
        rules = (
            ThresholdVersion.objects.filter(shown, state=Agreement.ACTIVE, threshold__series__isnull=False)
            .visible_to(self.user)
            .values(
                model=Coalesce("threshold__series__model__slug", "threshold__series__model_name"),
                metric=F("threshold__series__metric"),
                signal_kind=F("threshold__series__kind"),
                feature=F("threshold__series__feature"),
                slice=F("threshold__series__slice"),
                source=F("threshold__series__source_id"),
                since=Min("threshold__versions__agreed_at"),
            )
        )
        found = cast(list[Row], list(rules))
        return [self._watch(row, (row["metric"], row["signal_kind"])) for row in found] + self._alerts()

    def _alerts(self) -> list[WatchedSignal]:
        """Return each kind of alert that a source has sent, also before the period.

        Nobody tells Riskhub which alerts a source watches. Those that never fired are missing, so the shares
        of the others are too large, and the test is conservative.
        """
        shown = Q(group__model__isnull=True) | may_be_seen_by(self.user, "group__model__subject__")
        rows = (
            Breach.objects.filter(shown, is_external=True, opened_at__gte=self.at - _ALERTS_SINCE)
            .visible_to(self.user)
            .order_by()
            .values("feature", **_NAMED)
            .distinct()
        )
        return [self._watch(row, row["cause"]) for row in cast(list[Row], list(rows))]

    def _watch(self, row: Row, cause: Hashable) -> WatchedSignal:
        """Return what is watched, with the part of the period since its threshold was agreed."""
        begins = max(row.get("since") or self.start, self.start)
        weight = (self.at - begins) / (self.at - self.start)
        parts = _slice_and_window(row["slice"], row.get("ingestion_window"))
        return WatchedSignal(
            cause, row["model"], row["feature"], *parts, source=self._source(row), weight=weight
        )


_NAMED = {
    "cause": F("group__cause_key"),
    "model": Coalesce("group__model__slug", "group__model_name"),
    "slice": F("series__slice"),
    "ingestion_window": KeyTextTransform(WINDOW_LABEL, "alert__labels"),
    "source": Coalesce("threshold__source_id", "series__source_id"),
}


def _slice_and_window(part: str | None, label: str | None) -> tuple[str, str]:
    """Return the slice and the ingestion window of a breach."""
    if part and part.startswith(WINDOW_SLICE):
        return "", part.removeprefix(WINDOW_SLICE)
    return part or "", label or ""
