"""Bodies of each adapter, cut into items that can be sent in any order, and what they must leave.

An item of a case is what its tool sends one of: an alert, a metric, a record. `expected` is computed from the
items by a simple rule, without the code of the mapping. Each case has a model of its own.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from catalogue.models import Version
from signals.mapping.presets import PRESETS
from signals.models import Alert, Point
from tests.conftest import AT
from tests.factories import signals

NUMBERS = range(12)
_DAYS = [(AT - timedelta(days=day)).isoformat() for day in range(1, 5)]


@dataclass(frozen=True)
class Case:
    """An adapter with its items. path: of its resource. body: makes a body of some items.

    mapping: of its source, for the generic one.
    stored: reads what the database has of a model, as `expected` has it.
    is_whole: each body has all items, because the source resolves what a body leaves out.
    """

    path: str
    items: list[Any]
    expected: dict[tuple, Any]
    body: Callable[[list[Any]], Any]
    stored: Callable[[str], dict[tuple, Any]]
    mapping: dict[str, Any] | None = None
    is_whole: bool = False
    media_type: str = "application/json"

    def raw(self, items: list[Any]) -> bytes:
        """Return the bytes of a body of these items."""
        if self.media_type == "application/x-ndjson":
            return b"\n".join(json.dumps(item).encode() for item in items)
        return json.dumps(self.body(items)).encode()


# ---------------------------------------------------------- what is stored


def alerts(model: str) -> dict[tuple, Any]:
    """Return fingerprint and start of each alert -> whether it fires."""
    rows = Alert.objects.filter(labels__model=model).values_list("fingerprint", "starts_at", "is_firing")
    return {(fingerprint, starts_at.isoformat()): fires for fingerprint, starts_at, fires in rows}


def checks(model: str) -> dict[tuple, Any]:
    """Return rule and feature of each check -> whether it fires."""
    rows = Alert.objects.filter(labels__model=model)
    return {(row.name, row.labels.get("feature", "")): row.is_firing for row in rows}


def points(model: str) -> dict[tuple, Any]:
    """Return metric, feature and time of each point -> its value."""
    rows = Point.objects.filter(series__model_name=model).select_related("series")
    return {(row.series.metric, row.series.feature, row.ts.isoformat()): row.value for row in rows}


def versions(model: str) -> dict[tuple, Any]:
    return {(row.name,): row.model.slug for row in Version.objects.filter(model__slug=model)}


# ---------------------------------------------------------- the adapters


def _alerting(path: str, model: str) -> Case:
    """Alerts that fire, that end, that fire again later, and that are only repeated."""
    items, expected = [], {}
    for number in NUMBERS:
        name, starts = f"f{number}", AT - timedelta(hours=number + 1)
        alert = signals.sent_alert(name, model=model, starts=starts)
        again = signals.sent_alert(name, model=model, starts=starts + timedelta(minutes=30))
        items.append(alert)
        key = (alert["fingerprint"], alert["startsAt"])
        expected[key] = number % 3 == 0
        if number % 3 == 1:
            items.append(alert | {"status": "resolved", "endsAt": AT.isoformat()})
        if number % 3 == 2:
            items.append(again)
            expected[again["fingerprint"], again["startsAt"]] = True
    if path.endswith("grafana"):
        items = [alert | {"values": {"A": 0.41, "B": 1}, "orgId": 1} for alert in items]
    return Case(path, items, expected, lambda some: {"version": "4", "alerts": some}, alerts)


def _points(model: str, **more: Any) -> Case:
    items = [
        {"model": model, "metric": "psi", "feature": f"f{number}", "ts": ts, "value": number + day / 10}
        for number in NUMBERS
        for day, ts in enumerate(_DAYS)
    ]
    expected = {(item["metric"], item["feature"], item["ts"]): item["value"] for item in items}
    return Case("points", items, expected, lambda some: {"points": some}, points, **more)


def _grouped_points(model: str) -> Case:
    """The same points, each as a series of its own."""
    flat = _points(model)
    items = [
        {"model": model, "metric": "psi", "feature": item["feature"], "points": [[item["ts"], item["value"]]]}
        for item in flat.items
    ]
    return Case("points", items, flat.expected, lambda some: {"series": some}, points)


def _evidently(model: str) -> Case:
    items: list[Any] = []
    expected: dict[tuple, Any] = {}
    for number in NUMBERS:
        config = {"type": "evidently:metric_v2:ValueDrift", "column": f"f{number}", "method": "psi"}
        items.append({"id": str(number), "config": config, "value": number / 10})
        expected["drift_psi", f"f{number}", _DAYS[0]] = number / 10
        drift = {"column_name": f"g{number}", "stattest_name": "psi", "drift_score": number / 5}
        items.append({"metric": "ColumnDriftMetric", "result": drift})
        expected["drift_psi", f"g{number}", _DAYS[0]] = number / 5
    return Case(
        f"intake/evidently?model={model}",
        items,
        expected,
        lambda some: {"timestamp": _DAYS[0], "metrics": some},
        points,
    )


def _mlflow_metrics(model: str) -> Case:
    milliseconds = int((AT - timedelta(days=1)).timestamp() * 1000)
    items = [
        {"key": f"m{number}", "value": number / 8, "timestamp": milliseconds, "step": 0} for number in NUMBERS
    ]
    expected = {(item["key"], "", _DAYS[0]): item["value"] for item in items}
    return Case(
        f"intake/mlflow?model={model}",
        items,
        expected,
        lambda some: {"run": {"data": {"metrics": some}}},
        points,
    )


def _mlflow_webhooks(model: str) -> Case:
    """Each body is one event of the registry."""
    items = [
        {
            "entity": "model_version",
            "action": "created",
            "timestamp": _DAYS[0],
            "data": {"name": model, "version": str(number), "run_id": f"run-{number}"},
        }
        for number in NUMBERS
    ]
    expected = {(item["data"]["version"],): model for item in items}
    return Case("intake/mlflow", items, expected, lambda some: some[0], versions)


# ---------------------------------------------------------- the mappings of tools


def _mapped(name: str, model: str, **parts: Any) -> Case:
    """Return the case of a preset. parts: items, expected, body, stored and others of a Case."""
    return Case(f"intake/generic/{model}?model={model}", mapping=PRESETS[name].mapping, **parts)


def _dbt(model: str) -> Case:
    """Tests that fail, fail and pass, or warn. All have the same moment, so what passed once has ended."""
    items, expected = [], {}
    for number in NUMBERS:
        names = ("fail",), ("fail", "pass"), ("warn", "warn")
        statuses = names[number % 3]
        items += [{"unique_id": f"test.{number}", "status": status, "failures": 3} for status in statuses]
        expected[f"test.{number}", ""] = "pass" not in statuses
    return _mapped(
        "dbt", model, items=items, expected=expected, body=lambda some: {"results": some}, stored=checks
    )


def _great_expectations(preset: str, named: str, model: str) -> Case:
    """named: where a version of the tool has the name of the rule."""
    items, expected = [], {}
    for number in NUMBERS:
        config = {named: "expect_column_values_to_not_be_null", "kwargs": {"column": f"f{number}"}}
        passed = number % 2 == 0
        items.append({"success": False, "expectation_config": config, "result": {"unexpected_percent": 11.8}})
        if passed:
            items.append({"success": True, "expectation_config": config, "result": {}})
        expected[config[named], f"f{number}"] = not passed
    return _mapped(
        preset,
        model,
        items=items,
        expected=expected,
        body=lambda some: {"results": some},
        stored=checks,
    )


def _nannyml(model: str) -> Case:
    items, expected = [], {}
    for day, ts in enumerate(_DAYS):
        for number in NUMBERS:
            items.append({"chunk.chunk.end_date": ts, f"f{number}.jensen_shannon.value": day + number / 100})
            expected["jensen_shannon", f"f{number}", ts] = day + number / 100
    return _mapped("nannyml", model, items=items, expected=expected, body=lambda some: some, stored=points)


def _nannyml_performance(model: str) -> Case:
    items = [
        {"chunk.end_date": ts, "roc_auc.value": day / 10, "roc_auc.realized": None}
        for day, ts in enumerate(_DAYS)
    ]
    expected = {("roc_auc", "", item["chunk.end_date"]): item["roc_auc.value"] for item in items}
    return _mapped(
        "nannyml_performance", model, items=items, expected=expected, body=lambda some: some, stored=points
    )


def _pandera(model: str) -> Case:
    items = [{"column": f"f{number}", "check": "not_nullable", "failure_case": None} for number in NUMBERS]
    expected = {("not_nullable", item["column"]): True for item in items}
    return _mapped(
        "pandera", model, items=items, expected=expected, body=lambda some: some, stored=checks, is_whole=True
    )


def _whylogs(model: str) -> Case:
    items = [(f"f{number}", {"distribution/mean": number / 4, "type": "COLUMN"}) for number in NUMBERS]
    expected = {
        ("distribution/mean", name, AT.isoformat()): values["distribution/mean"] for name, values in items
    }
    return _mapped("whylogs", model, items=items, expected=expected, body=dict, stored=points)


CASES: dict[str, Callable[[str], Case]] = {
    "alertmanager": lambda model: _alerting("intake/alertmanager", model),
    "grafana": lambda model: _alerting("intake/grafana", model),
    "evidently": _evidently,
    "mlflow-metrics": _mlflow_metrics,
    "mlflow-webhooks": _mlflow_webhooks,
    "points": _points,
    "points-in-series": _grouped_points,
    "points-by-line": lambda model: _points(model, media_type="application/x-ndjson"),
    "dbt": _dbt,
    "great_expectations": partial(_great_expectations, "great_expectations", "type"),
    "great_expectations_0": partial(_great_expectations, "great_expectations_0", "expectation_type"),
    "nannyml": _nannyml,
    "nannyml_performance": _nannyml_performance,
    "pandera": _pandera,
    "whylogs": _whylogs,
}
