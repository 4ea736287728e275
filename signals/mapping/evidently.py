"""Parse a report of Evidently: version 0.7 (`config` and `value`) and 0.4 (`metric` and `result`).

Each number of a metric becomes a point: the column is the feature, a label the slice. What is not a number,
such as a histogram, is ignored.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from signals.mapping.points import Reading
from signals.mapping.reports import Collected, first_named, is_number, mapping_at, report_time, snake
from signals.mapping.text import Unusable
from signals.states import SignalKind

MAX_LABELS = 20  # of one metric; more are the values of an identifier, not classes
_NAME = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
_PERFORMANCE = re.compile(
    "accuracy|precision|recall|f1|roc|auc|logloss|log_loss|tpr|tnr|fpr|fnr|mae|mape|rmse|r2|error|dummy|"
    "classification|regression"
)
# Parts of a metric's configuration that make it another metric.
_QUALIFIERS = ("quantile", "column_type")


def read(body: Any, *, model: str = "", ts: str = "", at: datetime) -> tuple[Reading, list[str]]:
    """Parse a report, or {"model": …, "ts": …, "report": {…}}. Returns the points and where each one was.

    model, ts: named by the address. Raises Unusable if the body has another shape.
    """
    report = body.get("report", body) if isinstance(body, Mapping) else None
    if not isinstance(report, Mapping) or not isinstance(report.get("metrics"), list):
        raise Unusable("metrics", "Not an Evidently report: the list of metrics is missing.")
    metadata = mapping_at(report, "metadata")
    named = first_named(model, body.get("model"), metadata.get("model"), metadata.get("model_id"))
    moment = first_named(ts, body.get("ts"), report.get("timestamp"))
    collected = Collected(named, report_time(moment, at))
    for item, metric in enumerate(report["metrics"]):
        path = f"metrics[{item}]"
        if isinstance(metric, Mapping) and "result" in metric:
            _add_result(collected, path, metric)
        elif isinstance(metric, Mapping):
            _add_metric(collected, path, metric)
        else:
            collected.add(path, "metric", None)  # refused: not an object
    return collected.read(at=at), collected.paths


def _add_metric(collected: Collected, path: str, metric: Mapping[str, Any]) -> None:
    """Add the numbers of a metric of version 0.7."""
    name, config = _described(metric)
    column, method = config.get("column"), config.get("method")
    if name == "ValueDrift" and isinstance(method, str):
        metric_name = f"drift_{snake(method)}"
    else:
        qualifiers = [str(config[key]) for key in _QUALIFIERS if config.get(key) is not None]
        metric_name = "_".join([snake(name), *map(snake, qualifiers)])
    fields = {"kind": _kind(snake(name))}
    if isinstance(column, str):
        fields["feature"] = column
    value, path = metric.get("value"), f"{path}.value"
    if not isinstance(value, Mapping):
        collected.add(path, metric_name, value, **fields)
    elif "shares" in value:
        _add_labels(collected, f"{path}.shares", f"{metric_name}_share", value["shares"], fields)
    elif name.endswith("ByLabel"):
        _add_labels(collected, path, metric_name, value, fields)
    else:
        for part, number in value.items():
            if is_number(number):
                collected.add(f"{path}.{part}", f"{metric_name}_{snake(str(part))}", number, **fields)


def _add_labels(collected: Collected, path: str, metric: str, values: Any, fields: dict[str, str]) -> None:
    if isinstance(values, Mapping) and len(values) <= MAX_LABELS:
        for label, number in values.items():
            collected.add(f"{path}.{label}", metric, number, slice=str(label), **fields)


def _described(metric: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the type and the configuration of a metric, from its name "Type(key=value,…)" if it has none."""
    config = mapping_at(metric, "config")
    kind = config.get("type")
    if isinstance(kind, str):
        return kind.rpartition(":")[2], config
    name = first_named(metric.get("metric_name"), metric.get("metric_id"))
    if not isinstance(name, str):
        return "metric", config
    parts = _NAME.fullmatch(name)
    if parts is None:
        return name, config
    pairs = (pair.partition("=") for pair in parts[2].split(","))
    return parts[1], {key.strip(): value for key, _, value in pairs if value}


def _add_result(collected: Collected, path: str, metric: Mapping[str, Any]) -> None:
    """Add the numbers of a metric of version 0.4: of its result, and of the current data in it."""
    name, result = snake(str(metric.get("metric"))), mapping_at(metric, "result")
    path, kind = f"{path}.result", _kind(name)
    fields = {"kind": kind}
    if isinstance(result.get("column_name"), str):
        fields["feature"] = result["column_name"]
    for part in ("number_of_drifted_columns", "share_of_drifted_columns"):
        if part in result:
            collected.add(f"{path}.{part}", part, result[part], **fields)
    columns = mapping_at(result, "drift_by_columns")
    for column, drift in columns.items():
        _add_drift(
            collected, f"{path}.drift_by_columns.{column}", drift, {"kind": kind, "feature": str(column)}
        )
    if "drift_score" in result:
        _add_drift(collected, path, result, fields)
    # A quantile is only called "value".
    named = {"value": f"{name}_{result['quantile']}" if "quantile" in result else name}
    for part in ("current", "current_characteristics"):
        for key, number in mapping_at(result, part).items():
            if is_number(number):
                metric_name = named.get(str(key)) or snake(str(key))
                collected.add(f"{path}.{part}.{key}", metric_name, number, **fields)
    _add_scores(collected, f"{path}.current.metrics", mapping_at(result, "current", "metrics"), fields)


def _add_scores(collected: Collected, path: str, classes: Mapping[str, Any], fields: dict[str, str]) -> None:
    """Add the scores of each class: {"0": {"precision": 0.9, …}, …}."""
    for label, scores in classes.items() if len(classes) <= MAX_LABELS else ():
        for key, number in mapping_at(scores).items():
            if is_number(number):
                metric_name = f"{snake(str(key))}_by_label"
                collected.add(f"{path}.{label}.{key}", metric_name, number, slice=str(label), **fields)


def _add_drift(collected: Collected, path: str, drift: Any, fields: dict[str, str]) -> None:
    test = drift.get("stattest_name") if isinstance(drift, Mapping) else None
    score = drift.get("drift_score") if isinstance(drift, Mapping) else None
    metric = f"drift_{snake(test)}" if isinstance(test, str) else "drift_score"
    collected.add(f"{path}.drift_score", metric, score, **fields)


def _kind(name: str) -> str:
    if "drift" in name:
        return SignalKind.DRIFT.value
    return (SignalKind.PERFORMANCE if _PERFORMANCE.search(name) else SignalKind.DATA_QUALITY).value
