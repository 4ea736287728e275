"""The webhook receiver for Grafana alerting. It needs a token of scope ingest, or a signed body."""

from datetime import datetime
from typing import Any

from kit.actor import Actor
from signals.intake.alertmanager import Alertmanager, stored_alerts
from signals.intake.receive import BodyResult
from signals.intake.signed import SignedByGrafana
from signals.mapping import grafana
from signals.models import Source
from signals.states import Adapter


class Grafana(Alertmanager):
    """POST a webhook payload of Grafana. The address or the sender determines the source."""

    adapter = Adapter.GRAFANA
    authentication_classes = [SignedByGrafana, *Alertmanager.authentication_classes]

    def take(self, body: Any, source: Source, *, by: Actor, at: datetime) -> BodyResult:
        return stored_alerts(grafana.read(body, source.mapping, at=at), source, by=by, at=at)
