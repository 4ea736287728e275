"""Mappings for tools whose output is known. A source takes one as it is, or as a start for its own.

Each needs the name of the model: as a text ("=credit-pd"), as ?model= in the address, or from the body.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """A mapping for one tool. produced_by: how the tool writes the body."""

    label: str
    produced_by: str
    mapping: dict[str, Any]


PRESETS = {
    "dbt": Preset(
        "dbt",
        "target/run_results.json, which each dbt build writes",
        {
            "makes": "alerts",
            "items": "results",
            "rule": "unique_id",
            "status": "status",
            "value": "failures",
            "summary": "message",
            "kind": "=data_quality",
            "statuses": {
                "fail": "critical",
                "error": "critical",
                "runtime error": "critical",
                "warn": "warning",
                "pass": "resolved",
                "success": "resolved",
                "skipped": "ignore",
                "partial success": "warning",
                "no-op": "ignore",
            },
        },
    ),
    "great_expectations": Preset(
        "Great Expectations",
        "result.to_json_dict() of a validation",
        {
            "makes": "alerts",
            "items": "results",
            "rule": "expectation_config/type",
            "feature": "expectation_config/kwargs/column",
            "severity": "expectation_config/severity",
            "status": "success",
            "value": "result/unexpected_percent",
            "kind": "=data_quality",
            "statuses": {"false": "warning", "true": "resolved"},
        },
    ),
    "great_expectations_0": Preset(
        "Great Expectations before 1.0",
        "result.to_json_dict() of a validation",
        {
            "makes": "alerts",
            "items": "results",
            "rule": "expectation_config/expectation_type",
            "feature": "expectation_config/kwargs/column",
            "status": "success",
            "value": "result/unexpected_percent",
            "kind": "=data_quality",
            "statuses": {"false": "warning", "true": "resolved"},
        },
    ),
    "nannyml": Preset(
        "NannyML, drift of features",
        'results.to_df() with its column names joined by ".", as JSON records',
        {
            "makes": "points",
            "members": "{feature}.{metric}.value",
            "ts": "chunk.chunk.end_date",
            "kind": "=drift",
        },
    ),
    "nannyml_performance": Preset(
        "NannyML, performance",
        'results.to_df() with its column names joined by ".", as JSON records',
        {
            "makes": "points",
            "members": "{metric}.value",
            "ts": "chunk.end_date",
            "kind": "=performance",
        },
    ),
    "pandera": Preset(
        "pandera",
        'error.failure_cases.drop_duplicates(["check", "column"]).to_json(orient="records"); '
        "an empty list if the data passed",
        {
            "makes": "alerts",
            "rule": "check",
            "feature": "column",
            "status": "=failed",
            "summary": "failure_case",
            "kind": "=data_quality",
            "statuses": {"failed": "warning"},
            "is_complete": True,
        },
    ),
    "whylogs": Preset(
        "whylogs",
        'view.to_pandas().to_json(orient="index")',
        {"makes": "points", "members": "{feature}/{metric}", "kind": "=data_quality"},
    ),
}
