"""Parse a webhook body of Grafana alerting: Alertmanager's shape, with measured values by reference.

The format: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from signals.mapping import alertmanager
from signals.mapping.alertmanager import ParsedBody
from signals.mapping.text import Unusable, number


def read(body: Any, mapping: Mapping[str, Any], *, at: datetime) -> ParsedBody:
    """Parse a body by a source's mapping, as alertmanager.read().

    An alert without the annotation `value` gets the one that its rule measured.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("alerts"), list):
        raise Unusable("alerts", "Not a Grafana webhook: the list of alerts is missing.")
    return alertmanager.read(
        {**body, "alerts": [_with_value(alert) for alert in body["alerts"]]}, mapping, at=at
    )


def _with_value(alert: Any) -> Any:
    if not isinstance(alert, Mapping):
        return alert
    annotations = alert.get("annotations")
    value = measured_value(alert.get("values"))
    if value is None or (annotations is not None and not isinstance(annotations, Mapping)):
        return alert
    return {**alert, "annotations": {"value": repr(value), **(annotations or {})}}


def measured_value(values: Any) -> float | None:
    """Return the measured value of an alert, None without a finite one.

    values: reference (A, B, C …) -> value of each expression, null if the rule had no data. The last one is
    usually the condition, which is 0 or 1; the one before it was compared.
    """
    if not isinstance(values, Mapping):
        return None
    numbers = []
    for _, value in sorted(values.items(), key=lambda pair: str(pair[0])):
        try:
            numbers.append(number(value))
        except Unusable:
            continue
    if len(numbers) > 1 and numbers[-1] in (0, 1):
        numbers.pop()
    return numbers[-1] if numbers else None
