"""The resources that tools send signals to: (address, view)."""

from signals.intake.alertmanager import Alertmanager
from signals.intake.generic import Generic
from signals.intake.grafana import Grafana
from signals.intake.points import Points
from signals.intake.reports import Evidently, Mlflow

RESOURCES = [
    ("points", Points),
    ("intake/alertmanager", Alertmanager),
    ("intake/alertmanager/<str:slug>", Alertmanager),
    ("intake/grafana", Grafana),
    ("intake/grafana/<str:slug>", Grafana),
    ("intake/generic", Generic),
    ("intake/generic/<str:slug>", Generic),
    ("intake/evidently", Evidently),
    ("intake/evidently/<str:slug>", Evidently),
    ("intake/mlflow", Mlflow),
    ("intake/mlflow/<str:slug>", Mlflow),
]
