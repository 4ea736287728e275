"""Labels to model, feature, kind and level: by the mapping of a source, with defaults for common rules."""

import re
from collections.abc import Mapping
from typing import Any

from signals.states import Level, SignalKind

DEFAULTS: dict[str, Any] = {
    "model": ["model", "model_name", "mlmodel", "ml_model", "modelName", "registered_model"],
    "feature": ["feature", "feature_name", "column", "field"],
    "kind": ["signal_kind", "kind", "category", "signal"],
    "severity": ["severity", "level", "priority"],
    "kinds": {},
}
_CRITICAL = {
    *("critical", "crit", "page", "pager", "high", "fatal", "emergency", "disaster", "blocker", "error"),
    *("p0", "p1", "sev0", "sev1", "s1"),
}
# The first word that occurs decides; data quality is what remains, for its focus asks the widest questions.
_WORDS: tuple[tuple[SignalKind, tuple[str, ...]], ...] = (
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


def named(labels: Mapping[str, str], mapping: Mapping[str, Any], what: str) -> str:
    """The first of the labels that name `what` ("model", "feature", …) and is not empty; else ""."""
    names = mapping.get(what) or DEFAULTS[what]
    if isinstance(names, str):
        names = [names]
    return next((labels[name].strip() for name in names if labels.get(name, "").strip()), "")


def kind_of(labels: Mapping[str, str], mapping: Mapping[str, Any], rule: str) -> str:
    """The signal kind: by the kind label and the source's `kinds`, else by the words of the rule's name."""
    said = named(labels, mapping, "kind")
    if said:
        kinds = mapping.get("kinds") or {}
        found = kinds.get(said) or kinds.get(said.lower()) if isinstance(kinds, Mapping) else None
        if found in SignalKind.values:
            return str(found)
        plain = re.sub(r"[^a-z]+", "_", said.lower()).strip("_")
        if plain in SignalKind.values:
            return plain
        if guess := _guess(plain):
            return guess
    return kind_of_name(rule)


def kind_of_name(name: str) -> str:
    """The kind that a metric's or rule's name suggests; data quality when it suggests none."""
    return _guess(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) or SignalKind.DATA_QUALITY


def level_of(labels: Mapping[str, str], mapping: Mapping[str, Any]) -> Level:
    """The level of a severity label; one we do not know, or none, is a warning."""
    said = named(labels, mapping, "severity").lower()
    return Level.CRITICAL if said in _CRITICAL else Level.WARNING


def _guess(words: str) -> str:
    return next((kind for kind, some in _WORDS if any(word in words for word in some)), "")
