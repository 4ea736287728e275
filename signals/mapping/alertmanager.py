"""Parse a webhook body of Prometheus Alertmanager (version 4), item by item. Unknown fields are ignored.

The format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from signals.mapping import labels as label_mapping
from signals.mapping.text import AHEAD, Unusable, moment, number_of_annotation, text
from signals.states import BreachLevel

MAX_ALERTS = 20_000  # 8 MB of real alerts have fewer
MAX_LABELS = 100
MAX_RULE = 200
MAX_NAME = 120
MAX_VALUE = 4_000
MAX_TRUNCATED = 2**31 - 1  # what the column of deliveries can store
LIMITS = {"alerts": MAX_ALERTS, "labels": MAX_LABELS, "label value": MAX_VALUE, "bytes": 8 * 1024 * 1024}
UNNAMED = "(unnamed rule)"
# The annotation of a kept alert that says what of it was cut.
CUT = "riskhub_cut"
_SHOWN = frozenset({"alertname", "severity", "summary", "description", "value", "threshold"})


@dataclass(slots=True)
class ParsedAlert:
    """One alert of a body. item: its index. level: a BreachLevel.

    is_ignored: its source ignores its severity. Its level then counts only for an alert that is known.
    is_passed: a check that passed. It ends the alert of this check, but is no alert that has ended by itself.

    starts_at None: the payload has no start. ends_at None: the alert is firing.
    value, limit: the numbers in its annotations `value` and `threshold`, None without.
    """

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
    is_ignored: bool = False
    is_passed: bool = False

    @property
    def summary(self) -> str:
        """Return the annotation `summary` or `description`, at most 400 characters."""
        text = self.annotations.get("summary") or self.annotations.get("description") or ""
        return text[:400]


@dataclass(slots=True)
class ParsedBody:
    """A parsed body. refused: index -> error. count: the items that were read.

    truncated: alerts that the tool or this reading left out, at most MAX_TRUNCATED.

    cuts: what was cut of alerts that are kept, in words, one for each alert.
    """

    alerts: list[ParsedAlert] = field(default_factory=list)
    refused: dict[int, Unusable] = field(default_factory=dict)
    count: int = 0
    truncated: int = 0
    cuts: list[str] = field(default_factory=list)


def read(body: Any, mapping: Mapping[str, Any], *, at: datetime) -> ParsedBody:
    """Parse a body by a source's mapping. at: when it was received.

    An invalid alert is refused alone; a large one is cut. Alerts after the first MAX_ALERTS are left out, so
    that the others are not lost. Raises Unusable if the body has another shape.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("alerts"), list):
        raise Unusable("alerts", "Not an Alertmanager webhook: the list of alerts is missing.")
    alerts = body["alerts"][:MAX_ALERTS]
    beyond = len(body["alerts"]) - len(alerts)
    truncated = min(_count(body.get("truncatedAlerts")) + beyond, MAX_TRUNCATED)
    parsed = ParsedBody(count=len(alerts), truncated=truncated)
    if beyond:
        parsed.cuts.append(f"alerts: {beyond} after the first {MAX_ALERTS} were not read")
    for item, alert in enumerate(alerts):
        try:
            found = _parse(item, alert, mapping, at)
            parsed.alerts.append(found)
            if CUT in found.annotations:
                parsed.cuts.append(f"alerts[{item}]: {found.annotations[CUT]}")
        except Unusable as error:
            parsed.refused[item] = error.without_frames()
    return parsed


def _parse(item: int, alert: Any, mapping: Mapping[str, Any], at: datetime) -> ParsedAlert:
    if not isinstance(alert, Mapping):
        raise Unusable("alert", "Must be an object.")
    if alert.get("status") not in ("firing", "resolved"):
        raise Unusable("status", "Use firing or resolved.")
    labels = _texts(alert.get("labels"), "labels")
    annotations = _texts(alert.get("annotations"), "annotations")
    is_firing = alert["status"] == "firing"
    fingerprint = _fingerprint(alert.get("fingerprint"), labels or annotations)
    is_ahead = _is_ahead(alert.get("startsAt"), at)
    kept_labels, kept_annotations = _cut(labels, annotations, is_ahead=is_ahead)
    starts_at = _start(alert.get("startsAt"), at)
    level = label_mapping.level_of(labels, mapping)
    rule = text(labels.get("alertname") or UNNAMED, "labels.alertname", longest=MAX_RULE)
    return ParsedAlert(
        item=item,
        fingerprint=fingerprint,
        is_firing=is_firing,
        starts_at=starts_at,
        ends_at=None if is_firing else _end(alert.get("endsAt"), starts_at, at),
        rule=rule,
        model_name=text(
            label_mapping.label_value(labels, mapping, "model"), "labels.model", longest=MAX_NAME
        ),
        feature=text(
            label_mapping.label_value(labels, mapping, "feature"), "labels.feature", longest=MAX_NAME
        ),
        kind=label_mapping.kind_of(labels, mapping, rule),
        level=BreachLevel.WARNING if level is None else level,
        is_ignored=level is None,
        labels=kept_labels,
        annotations=kept_annotations,
        generator_url=_web_address(alert.get("generatorURL")),
        value=number_of_annotation(annotations.get("value")),
        limit=number_of_annotation(annotations.get("threshold")),
    )


def _texts(mapping: Any, field: str) -> dict[str, str]:
    """Parse the labels or annotations of an alert. field: "labels" or "annotations"."""
    if mapping is None:
        return {}
    if not isinstance(mapping, Mapping):
        raise Unusable(field, "Must be an object whose values are strings.")
    texts = {}
    for name, value in mapping.items():
        if isinstance(value, bool | int | float):
            value = json.dumps(value)  # noqa: PLW2901 - a number or a boolean becomes text
        if value is None:
            continue
        key = text(name, field, longest=MAX_RULE)
        if isinstance(value, str) and len(value) > MAX_VALUE:
            value = value[: MAX_VALUE - 1] + "…"  # noqa: PLW2901 - a long text must not reject an alert
        has_lines = field == "annotations"
        texts[key] = text(value, f"{field}.{key}"[:120], longest=MAX_VALUE, has_lines=has_lines)
    return texts


def _cut(
    labels: dict[str, str], annotations: dict[str, str], *, is_ahead: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Return at most MAX_LABELS of each. An annotation says what was cut or changed."""
    notes = [
        f"{MAX_LABELS} of {len(texts)} {name} are kept."
        for name, texts in (("labels", labels), ("annotations", annotations))
        if len(texts) > MAX_LABELS
    ]
    notes += [
        f"A value of {name} is cut to {MAX_VALUE} characters."
        for name, texts in (("labels", labels), ("annotations", annotations))
        if any(len(value) == MAX_VALUE and value.endswith("…") for value in texts.values())
    ]
    if is_ahead:
        notes.append("Its start lies in the future, so it starts when it was received.")
    if not notes:
        return labels, annotations
    kept = [_first(texts, MAX_LABELS) for texts in (labels, annotations)]
    return kept[0], {**kept[1], CUT: " ".join(notes)}


def _first(texts: Mapping[str, str], count: int) -> dict[str, str]:
    """Return at most `count` of the texts, first those that a page shows by name."""
    ordered = sorted(texts, key=lambda name: name not in _SHOWN)
    return {name: texts[name] for name in ordered[:count]}


def _fingerprint(value: Any, identity: Mapping[str, str]) -> str:
    """Return the tool's fingerprint, at most 64 characters; a hash of `identity` if it has none.

    identity: the labels; the annotations of an alert without labels.

    A longer fingerprint is hashed, too. A hash begins with "~".
    """
    if value is not None and not isinstance(value, str):
        raise Unusable("fingerprint", "Must be a string.")
    fingerprint = text(value, "fingerprint", longest=1_000)
    if fingerprint and len(fingerprint) <= 64:
        return fingerprint
    hashed = fingerprint or json.dumps(sorted(identity.items()))
    return "~" + hashlib.sha256(hashed.encode()).hexdigest()[:32]


def _start(value: Any, at: datetime) -> datetime | None:
    if value is None or value == "" or _is_zero(value):
        return None
    return at if _is_ahead(value, at) else moment(value, "startsAt", at=at)


def _is_ahead(value: Any, at: datetime) -> bool:
    """Return True for a start more than a day after `at`: the clock of the sender is wrong, not the alert."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value.strip().upper()) > at + AHEAD
    except (ValueError, TypeError):
        return False


def _end(value: Any, starts_at: datetime | None, at: datetime) -> datetime:
    """Return when the alert ended, not before its start. `at` replaces a missing, invalid or future end."""
    try:
        end = None if value in (None, "") or _is_zero(value) else moment(value, "endsAt", at=at)
    except (Unusable, TypeError):
        end = None
    if end is None or end > at:
        end = at
    return max(end, starts_at) if starts_at else end


def _is_zero(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("0001-01-01")


def _web_address(value: Any) -> str:
    """Return the address if a page may link to it (http or https), else ""."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return ""
    try:
        return text(value, "generatorURL", longest=2_000)
    except Unusable:
        return ""


def _count(value: Any) -> int:
    """Return a whole number, 0 for anything else and for a negative one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return 0
    return value
