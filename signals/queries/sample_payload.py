"""A small payload of each format, with which a source is tried before its tool sends one."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from signals.models import Source
from signals.states import Adapter


def sample_payload(source: Source, *, at: datetime) -> str:
    """Return a payload in the format of the source, as JSON: the last one that was kept, else a small one."""
    kept = source.deliveries.filter(is_cut=False, rejected=0, status__lt=300).exclude(body="")
    body = kept.order_by("-at", "-id").values_list("body", flat=True).first()
    return body or json.dumps(_MADE[source.adapter](at), indent=2)


def _points(at: datetime) -> Any:
    return {
        "points": [
            {"model": "credit-pd", "metric": "psi", "feature": "age", "ts": at.isoformat(), "value": 0.12},
            {"model": "credit-pd", "metric": "auc", "ts": at.isoformat(), "value": 0.81},
        ]
    }


def _alert(at: datetime) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "TestDrift", "model": "credit-pd", "feature": "age", "severity": "warning"},
        "annotations": {"summary": "A test alert", "value": "0.31", "threshold": "0.2"},
        "startsAt": at.isoformat(),
        "fingerprint": "riskhubtest",
    }


def _alertmanager(at: datetime) -> Any:
    return {"version": "4", "status": "firing", "alerts": [_alert(at)]}


def _grafana(at: datetime) -> Any:
    return {"status": "firing", "alerts": [{**_alert(at), "values": {"A": 0.31, "C": 1}}]}


def _evidently(at: datetime) -> Any:
    metric = {
        "metric_name": "ValueDrift(column=age,method=psi)",
        "config": {"type": "evidently:metric_v2:ValueDrift", "column": "age", "method": "psi"},
        "value": 0.12,
    }
    return {"model": "credit-pd", "ts": at.isoformat(), "report": {"metrics": [metric]}}


def _mlflow(at: datetime) -> Any:
    milliseconds = int(at.timestamp() * 1000)
    metric = {"key": "accuracy", "value": 0.91, "timestamp": milliseconds, "step": 0}
    return {"model": "credit-pd", "metrics": [metric]}


def _generic(at: datetime) -> Any:
    result = {"name": "psi", "column": "age", "stats": {"value": 0.12}}
    return {"model": "credit-pd", "finished_at": at.isoformat(), "results": [result]}


_MADE: dict[str, Callable[[datetime], Any]] = {
    Adapter.POINTS: _points,
    Adapter.ALERTMANAGER: _alertmanager,
    Adapter.GRAFANA: _grafana,
    Adapter.EVIDENTLY: _evidently,
    Adapter.MLFLOW: _mlflow,
    Adapter.GENERIC: _generic,
}
