"""The models of this room: one module per noun."""

from signals.models.breach import Alert, Breach, BreachGroup
from signals.models.dashboard import Dashboard, DashboardVersion, Snapshot
from signals.models.mute import Mute
from signals.models.series import Correction, PackedPoints, Point, Series, SeriesValue
from signals.models.source import Delivery, Source
from signals.models.threshold import Threshold, ThresholdVersion

__all__ = [
    "Alert",
    "Breach",
    "BreachGroup",
    "Correction",
    "Dashboard",
    "DashboardVersion",
    "Delivery",
    "Mute",
    "PackedPoints",
    "Point",
    "Series",
    "SeriesValue",
    "Snapshot",
    "Source",
    "Threshold",
    "ThresholdVersion",
]
