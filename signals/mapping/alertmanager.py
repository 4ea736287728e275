"""A webhook body of Prometheus Alertmanager (version 4), read item by item. Unknown fields are ignored.

Built to the format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from signals.mapping import labels as mapping_of
from signals.mapping.text import Unusable, moment, number_of_annotation, text

MAX_ALERTS = 5_000
MAX_LABELS = 100
MAX_RULE = 200
MAX_NAME = 120
MAX_VALUE = 4_000
LIMITS = {"alerts": MAX_ALERTS, "labels": MAX_LABELS, "label value": MAX_VALUE, "bytes": 8 * 1024 * 1024}
UNNAMED = "(unnamed rule)"


@dataclass(slots=True)
class ParsedAlert:
    """One alert of a body. starts_at None: the tool did not say; ends_at None: still firing, or not said."""

    item: int
    fingerprint: str
    is_firing: bool
    starts_at: datetime | None
    ends_at: datetime | None
    rule: str
    model_name: str
    feature: str
    kind: str
    level: int
    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str
    value: float | None = None
    limit: float | None = None

    @property
    def summary(self) -> str:
        said = self.annotations.get("summary") or self.annotations.get("description") or ""
        return said[:400]


@dataclass(slots=True)
class ParsedBody:
    """What a body says. refused: item number -> what is wrong with it."""

    alerts: list[ParsedAlert] = field(default_factory=list)
    refused: dict[int, Unusable] = field(default_factory=dict)
    count: int = 0
    truncated: int = 0


def read(body: Any, mapping: Mapping[str, Any], *, at: datetime) -> ParsedBody:
    """Read a body by a source's mapping. A wrong alert is refused alone; another shape raises Unusable."""
    if not isinstance(body, Mapping) or not isinstance(body.get("alerts"), list):
        raise Unusable("alerts", "Not an Alertmanager webhook: the list of alerts is missing.")
    alerts = body["alerts"]
    if len(alerts) > MAX_ALERTS:
        raise Unusable("alerts", f"More than {MAX_ALERTS} alerts in one body. Lower max_alerts.")
    found = ParsedBody(count=len(alerts), truncated=_count(body.get("truncatedAlerts")))
    for item, alert in enumerate(alerts):
        try:
            found.alerts.append(_told(item, alert, mapping, at))
        except Unusable as error:
            found.refused[item] = error
    return found


def _told(item: int, alert: Any, mapping: Mapping[str, Any], at: datetime) -> ParsedAlert:
    if not isinstance(alert, Mapping):
        raise Unusable("alert", "Must be an object.")
    if alert.get("status") not in ("firing", "resolved"):
        raise Unusable("status", "Use firing or resolved.")
    labels = _texts(alert.get("labels"), "labels")
    annotations = _texts(alert.get("annotations"), "annotations")
    is_firing = alert["status"] == "firing"
    starts_at = _start(alert.get("startsAt"), at)
    rule = text(labels.get("alertname") or UNNAMED, "labels.alertname", longest=MAX_RULE)
    return ParsedAlert(
        item=item,
        fingerprint=_fingerprint(alert.get("fingerprint"), labels),
        is_firing=is_firing,
        starts_at=starts_at,
        ends_at=None if is_firing else _end(alert.get("endsAt"), starts_at, at),
        rule=rule,
        model_name=text(mapping_of.named(labels, mapping, "model"), "labels.model", longest=MAX_NAME),
        feature=text(mapping_of.named(labels, mapping, "feature"), "labels.feature", longest=MAX_NAME),
        kind=mapping_of.kind_of(labels, mapping, rule),
        level=mapping_of.level_of(labels, mapping),
        labels=labels,
        annotations=annotations,
        generator_url=_web(alert.get("generatorURL")),
        value=number_of_annotation(annotations.get("value")),
        limit=number_of_annotation(annotations.get("threshold")),
    )


def _texts(given: Any, field: str) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Unusable(field, "Must be an object whose values are strings.")
    if len(given) > MAX_LABELS:
        raise Unusable(field, f"More than {MAX_LABELS}.")
    found = {}
    for name, value in given.items():
        if isinstance(value, bool | int | float):
            value = json.dumps(value)  # noqa: PLW2901 - a number or a truth value is read as its text
        if value is None:
            continue
        key = text(name, field, longest=MAX_RULE)
        if field == "annotations" and isinstance(value, str) and len(value) > MAX_VALUE:
            value = value[: MAX_VALUE - 1] + "…"  # noqa: PLW2901 - prose is no reason to lose an alert
        has_lines = field == "annotations"
        found[key] = text(value, f"{field}.{key}"[:120], longest=MAX_VALUE, has_lines=has_lines)
    return found


def _fingerprint(given: Any, labels: Mapping[str, str]) -> str:
    """The tool's own, or a stable hash of the labels, which is what a fingerprint is."""
    if given is not None and not isinstance(given, str):
        raise Unusable("fingerprint", "Must be a string.")
    said = text(given, "fingerprint", longest=1_000)
    if said and len(said) <= 64:
        return said
    plain = said or json.dumps(sorted(labels.items()))
    return "~" + hashlib.sha256(plain.encode()).hexdigest()[:32]


def _start(given: Any, at: datetime) -> datetime | None:
    if given is None or given == "" or _is_zero(given):
        return None
    return moment(given, "startsAt", at=at)


def _end(given: Any, starts_at: datetime | None, at: datetime) -> datetime:
    """When it ended; the receipt, where the tool does not say or says what cannot be."""
    try:
        found = None if given in (None, "") or _is_zero(given) else moment(given, "endsAt", at=at)
    except (Unusable, TypeError):
        found = None
    if found is None or found > at:
        found = at
    return max(found, starts_at) if starts_at else found


def _is_zero(given: Any) -> bool:
    return isinstance(given, str) and given.startswith("0001-01-01")


def _web(given: Any) -> str:
    """A link, if it is one that may stand on a page."""
    if not isinstance(given, str) or not given.startswith(("http://", "https://")):
        return ""
    try:
        return text(given, "generatorURL", longest=2_000)
    except Unusable:
        return ""


def _count(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        return 0
    return min(given, 2**31 - 1)
