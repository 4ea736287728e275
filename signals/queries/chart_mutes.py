"""What muted a series in a period: the mutes of its thresholds, and the announced windows of its model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from catalogue.queries.deployment import announced_windows
from people.models import User
from signals.models import Mute

MAX_MUTES = 20


@dataclass(frozen=True, slots=True)
class ChartMute:
    """A time in which crossings of the series were muted."""

    start: datetime
    end: datetime
    label: str


def mutes_on(user: User, start: datetime, end: datetime) -> tuple[ArraySubquery, ArraySubquery]:
    """Return the mutes and the windows in the period on the series of the outer query, as JSON values."""
    mutes = Mute.objects.filter(threshold__series=OuterRef("pk"), starts_at__lte=end, ends_at__gte=start)
    mutes = mutes.filter(ends_at__gt=F("starts_at")).visible_to(user).order_by("-starts_at")
    windows = announced_windows().filter(
        model=OuterRef("model_id"), window_from__lte=end, window_until__gte=start
    )
    windows = windows.visible_to(user).order_by("-window_from")
    of_mutes = mutes.values(row=JSONObject(start="starts_at", end="ends_at", text="reason"))
    of_windows = windows.values(
        row=JSONObject(start="window_from", end="window_until", text="subject__reference")
    )
    return ArraySubquery(of_mutes[:MAX_MUTES]), ArraySubquery(of_windows[:MAX_MUTES])


def chart_mutes(mutes: Sequence[dict[str, Any]], windows: Sequence[dict[str, Any]]) -> list[ChartMute]:
    """Return both kinds for a chart, the first to begin first."""
    found = [(row, f"Muted: {row['text']}") for row in mutes]
    found += [(row, f"Deployment window of {row['text']}") for row in windows]
    shown = [
        ChartMute(datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"]), label)
        for row, label in found
    ]
    return sorted(shown, key=lambda mute: mute.start)
