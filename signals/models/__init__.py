"""The models of this room: one module per noun."""

from signals.models.breach import Alert, Breach, BreachGroup
from signals.models.dashboard import Dashboard, DashboardVersion, Snapshot
from signals.models.mute import Mute
from signals.models.series import Correction, Point, Series
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
    "Point",
    "Series",
    "Snapshot",
    "Source",
    "Threshold",
    "ThresholdVersion",
]
