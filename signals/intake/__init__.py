"""What tools send, and what became of it: (address, view)."""

from signals.intake.alertmanager import Alertmanager
from signals.intake.points import Points

RESOURCES = [
    ("points", Points),
    ("intake/alertmanager", Alertmanager),
    ("intake/alertmanager/<str:slug>", Alertmanager),
]
