"""The webhook receiver for Grafana alerting. It needs a token of scope ingest, or a signed body."""

from signals.intake.alertmanager import Alertmanager
from signals.intake.signed import SignedByGrafana
from signals.states import Adapter


class Grafana(Alertmanager):
    """POST a webhook payload of Grafana. The address or the sender determines the source."""

    adapter = Adapter.GRAFANA
    authentication_classes = [SignedByGrafana, *Alertmanager.authentication_classes]
