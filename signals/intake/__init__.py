"""The resources that tools send signals to: (address, view)."""

from signals.intake.alertmanager import Alertmanager
from signals.intake.points import Points

RESOURCES = [
    ("points", Points),
    ("intake/alertmanager", Alertmanager),
    ("intake/alertmanager/<str:slug>", Alertmanager),
]
