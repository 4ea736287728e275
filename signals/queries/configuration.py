"""The configuration to paste into other tools so that they send to this instance. It contains no token."""

from django.conf import settings

from signals.models import Source
from signals.states import Adapter


def points_call(model: str = "credit-pd", source: str = "my-job") -> str:
    """Return a shell command that sends one point."""
    return f"""curl --fail-with-body {settings.BASE_URL}/api/v1/points \\
  --header "Authorization: Bearer $RISKHUB_TOKEN" \\
  --header "Content-Type: application/json" \\
  --data '{{
    "source": "{source}",
    "points": [
      {{"model": "{model}", "metric": "psi", "feature": "age",
       "ts": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'", "value": 0.12}}
    ]
  }}'"""


def alertmanager_receiver(source: str) -> str:
    """Return a complete configuration of Prometheus Alertmanager, as YAML: a receiver and the route to it.

    Alertmanager needs a root route with a receiver of its own. It looks for the file of the token in the
    folder of its configuration.
    """
    return f"""route:
  receiver: default
  routes:
    - receiver: riskhub
      matchers: ['model=~".+"']
      group_by: [alertname, model]
      continue: true

receivers:
  - name: default
  - name: riskhub
    webhook_configs:
      - url: {settings.BASE_URL}/api/v1/intake/alertmanager/{source}
        send_resolved: true
        max_alerts: 0
        http_config:
          authorization:
            type: Bearer
            credentials_file: riskhub-token
"""


def grafana_contact_point(source: str) -> str:
    """Return a contact point of Grafana as a file of its provisioning."""
    return f"""apiVersion: 1
contactPoints:
  - orgId: 1
    name: riskhub
    receivers:
      - uid: riskhub
        type: webhook
        settings:
          url: {settings.BASE_URL}/api/v1/intake/grafana/{source}
          httpMethod: POST
          authorization_scheme: Bearer
          authorization_credentials: $RISKHUB_TOKEN
"""


def report_call(adapter: str, source: str) -> str:
    """Return a shell command that sends a report of Evidently, the metrics of an MLflow run or any JSON."""
    return f"""curl --fail-with-body "{settings.BASE_URL}/api/v1/intake/{adapter}/{source}?model=credit-pd" \\
  --header "Authorization: Bearer $RISKHUB_TOKEN" \\
  --header "Content-Type: application/json" \\
  --data @report.json"""


def of(source: Source) -> str:
    """Return the configuration for a source."""
    if source.adapter == Adapter.ALERTMANAGER:
        return alertmanager_receiver(source.slug)
    if source.adapter == Adapter.GRAFANA:
        return grafana_contact_point(source.slug)
    if source.adapter in {Adapter.EVIDENTLY, Adapter.MLFLOW, Adapter.GENERIC}:
        return report_call(source.adapter, source.slug)
    return points_call(source=source.slug)
