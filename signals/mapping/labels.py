"""Map labels to model, feature, signal kind and level, by the mapping of a source or by defaults."""

import re
from collections.abc import Mapping
from typing import Any

from signals.mapping.text import Unusable
from signals.states import BreachLevel, SeverityRule, SignalKind

DEFAULTS: dict[str, Any] = {
    "model": ["model", "model_name", "mlmodel", "ml_model", "modelName", "registered_model"],
    "feature": ["feature", "feature_name", "column", "field"],
    "kind": ["signal_kind", "kind", "category", "signal"],
    "severity": ["severity", "level", "priority"],
    "kinds": {},
    "severities": {},
}
# Severities that say that nothing is wrong. A source may map them to a level.
IGNORED = ("info", "informational", "none", "debug")
_CRITICAL = {
    *("critical", "crit", "page", "pager", "high", "fatal", "emergency", "disaster", "blocker", "error"),
    *("p0", "p1", "sev0", "sev1", "s1"),
}
# The first entry with a word that occurs in the name decides. Data quality is the default, because its focus
# asks the widest questions.
_KIND_WORDS: tuple[tuple[SignalKind, tuple[str, ...]], ...] = (
    (SignalKind.DRIFT, ("drift", "psi", "shift", "divergence", "wasserstein", "kolmogorov", "jensen")),
    (
        SignalKind.DATA_QUALITY,
        (
            "null",
            "missing",
            "quality",
            "schema",
            "freshness",
            "stale",
            "ingest",
            "duplicate",
            "nan",
            "volume",
        ),
    ),
    (SignalKind.LATENCY, ("latency", "slow", "duration", "timeout", "response_time", "p95", "p99")),
    (
        SignalKind.DEPLOYMENT,
        ("deploy", "rollout", "rollback", "canary", "release", "replica", "crash", "restart"),
    ),
    (
        SignalKind.PERFORMANCE,
        (
            "accuracy",
            "performance",
            "auc",
            "recall",
            "precision",
            "f1",
            "rmse",
            "mae",
            "error_rate",
            "logloss",
        ),
    ),
)


def label_value(labels: Mapping[str, str], mapping: Mapping[str, Any], key: str) -> str:
    """Return the first label that is mapped to `key` ("model", "feature", …) and not empty; "" if none is."""
    names = mapping.get(key) or DEFAULTS[key]
    if isinstance(names, str):
        names = [names]
    return next((labels[name].strip() for name in names if labels.get(name, "").strip()), "")


def kind_of(labels: Mapping[str, str], mapping: Mapping[str, Any], rule: str) -> str:
    """Return the SignalKind of an alert: by its kind label and the source's `kinds`, or the rule's name."""
    label = label_value(labels, mapping, "kind")
    if label:
        kinds = mapping.get("kinds") or {}
        kind = kinds.get(label) or kinds.get(label.lower()) if isinstance(kinds, Mapping) else None
        if kind in SignalKind.values:
            return str(kind)
        name = re.sub(r"[^a-z]+", "_", label.lower()).strip("_")
        if name in SignalKind.values:
            return name
        if guess := _guess(name):
            return guess
    return kind_of_name(rule)


def kind_of_name(name: str) -> str:
    """Return the SignalKind that the name of a metric or rule suggests; data quality if it suggests none."""
    return _guess(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) or SignalKind.DATA_QUALITY


def level_of(labels: Mapping[str, str], mapping: Mapping[str, Any]) -> BreachLevel | None:
    """Return the level of the severity label, None if the source ignores this severity.

    The source's `severities` decide first. An unknown or missing severity is a warning.
    """
    severity = label_value(labels, mapping, "severity").lower()
    severities = {str(name).lower(): rule for name, rule in (mapping.get("severities") or {}).items()}
    rule = severities.get(severity) or (SeverityRule.IGNORE if severity in IGNORED else "")
    if rule == SeverityRule.IGNORE:
        return None
    if rule:
        return BreachLevel.CRITICAL if rule == SeverityRule.CRITICAL else BreachLevel.WARNING
    return BreachLevel.CRITICAL if severity in _CRITICAL else BreachLevel.WARNING


def check_severities(severities: Any) -> None:
    """Raise Unusable for severities that do not map to a SeverityRule."""
    if not isinstance(severities, dict) or not all(
        isinstance(rule, str) and rule in SeverityRule.values for rule in severities.values()
    ):
        raise Unusable("severities", f"Map each severity to {', '.join(SeverityRule.values)}.")


def check_kinds(kinds: Any) -> None:
    """Raise Unusable for kinds that do not map to a SignalKind."""
    choices = ", ".join(SignalKind.values)
    if not isinstance(kinds, dict):
        raise Unusable("kinds", f"Map each kind of the tool to one of {choices}.")
    if unknown := [kind for kind in kinds.values() if kind not in SignalKind.values]:
        raise Unusable("kinds", f"“{unknown[0]}” is not a kind. Use one of {choices}.")


def _guess(name: str) -> str:
    return next((kind for kind, words in _KIND_WORDS if any(word in name for word in words)), "")
