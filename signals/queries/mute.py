"""What mutes crossings: the mutes of thresholds, and the announced deployment windows of models."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalogue.models import ChangeRequest
from catalogue.queries.deployment import announced_windows, open_windows
from kit.prepared import Argument
from people.models import User
from signals.models import Breach, BreachGroup, Mute, Threshold
from signals.states import BreachState

MAX_EARLIER = 10


@dataclass(frozen=True, slots=True)
class Muting:
    """What mutes at one moment. mutes: threshold id -> its mute. windows: model id -> its open window."""

    mutes: Mapping[int, Mute] = field(default_factory=dict)
    windows: Mapping[int, ChangeRequest] = field(default_factory=dict)

    def values(self, threshold_id: int, model_id: int | None) -> dict[str, Mute | ChangeRequest | None]:
        """Return the fields of a breach that say what mutes it. A mute goes before a window."""
        mute = self.mutes.get(threshold_id)
        window = self.windows.get(model_id) if model_id and mute is None else None
        return {"mute": mute, "window": window}


def muting(threshold_ids: Collection[int], model_ids: Collection[int], at: datetime) -> Muting:
    """Return what mutes the crossings of these thresholds and models at a moment. Two queries."""
    mutes = Mute.objects.filter(threshold__in=threshold_ids, starts_at__lte=at, ends_at__gt=at)
    return Muting(
        {mute.threshold_id: mute for mute in mutes}, open_windows(model_ids, at) if model_ids else {}
    )


def no_longer_muted(at: datetime | Argument) -> QuerySet[BreachGroup]:
    """Return the muted groups with an open breach whose mute or window is over, or not announced any more.

    at: an Argument in a prepared statement.
    """
    rows = Breach.objects.filter(group=OuterRef("pk"), state=BreachState.OPEN)
    announced = announced_windows().filter(pk=OuterRef("window"), window_until__gt=at)
    over = rows.filter(Q(mute__ends_at__lte=at) | Q(mute__isnull=True) & ~Exists(announced))
    return BreachGroup.objects.filter(Exists(over), state=BreachState.OPEN, is_muted=True)


@dataclass(frozen=True, slots=True)
class ThresholdMutes:
    """The mutes of a threshold. current: those that have not ended. earlier: the last ones that have."""

    current: list[Mute]
    earlier: list[Mute]
    at: datetime

    @property
    def running(self) -> Mute | None:
        """Return the mute that has begun, None without one."""
        return next((mute for mute in self.current if mute.starts_at <= self.at), None)


def mutes_of(threshold: Threshold, at: datetime) -> ThresholdMutes:
    """Return the mutes of a threshold for its page: the current ones, and the last MAX_EARLIER. One query.

    A mute that was ended before it began is an earlier one.
    """
    rows = list(
        Mute.objects.filter(threshold=threshold)
        .select_related("author", "ended_by")
        .order_by("-ends_at", "-id")[: MAX_EARLIER * 2]
    )
    current = [mute for mute in rows if mute.ends_at > at and not mute.is_cancelled]
    earlier = [mute for mute in rows if mute.ends_at <= at or mute.is_cancelled]
    return ThresholdMutes(current[::-1], earlier[:MAX_EARLIER], at)


def muted_breaches(group: BreachGroup, user: User) -> list[Breach]:
    """Return one muted breach of a group for each mute and window.

    is_mute_seen, is_window_seen: whether the user may see the threshold with its mute, and the window. A user
    who was granted the group does not see its rules by that. One query.
    """
    rows = group.breaches.filter(Q(mute__isnull=False) | Q(window__isnull=False))
    rows = rows.select_related("mute__author", "threshold__subject", "window__subject").order_by(
        "mute_id", "window_id"
    )
    breaches = list(rows.distinct("mute_id", "window_id"))
    for breach in breaches:
        breach.is_mute_seen = breach.threshold.subject.is_visible_to(user)
        breach.is_window_seen = breach.window is not None and breach.window.subject.is_visible_to(user)
    return breaches
