"""Bodies of any JSON shape, parsed by a mapping: those of real tools, and odd ones. No database."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signals.mapping import generic
from signals.mapping.presets import PRESETS
from signals.mapping.text import Unusable, from_micros
from tests.conftest import AT

BODIES = Path(__file__).parent / "checkers"
MAPPING = {"makes": "points", "items": "results", "model": "=pd", "metric": "name", "value": "stats/mean"}
CHECKS = {
    "makes": "alerts",
    "items": "results",
    "model": "/model",
    "rule": "check",
    "status": "ok",
    "statuses": {"true": "resolved", "False": "critical"},
}


def body_of(name: str):
    return json.loads((BODIES / name).read_text())


def values_of(body, mapping, **more) -> dict:
    reading, _ = generic.read_reading(body, mapping, at=AT, **more)
    return {reading.names[key]: value for key, value in zip(reading.keys, reading.values, strict=True)}


def test_a_dbt_run_gives_one_check_for_each_result():
    preset = PRESETS["dbt"].mapping

    parsed = generic.read_alerts(body_of("dbt_run_results_v6.json"), preset, model="pd", at=AT)

    told = {alert.rule.rpartition(".")[2]: alert for alert in parsed.alerts}
    results = body_of("dbt_run_results_v6.json")["results"]
    assert (len(parsed.alerts), parsed.refused) == (len(results), {})
    firing = {alert.rule for alert in parsed.alerts if alert.is_firing and not alert.is_ignored}
    assert firing == {r["unique_id"] for r in results if r["status"] in ("fail", "error", "warn")}
    assert (told["broken"].level, told["broken"].model_name, told["broken"].kind) == (2, "pd", "data_quality")
    assert "no_such_column" in told["broken"].summary
    assert {a.rule for a in parsed.alerts if a.is_ignored} == {
        r["unique_id"] for r in results if r["status"] == "skipped"
    }


def test_a_validation_of_great_expectations_names_column_and_severity():
    body = body_of("great_expectations_validation_result.json")

    parsed = generic.read_alerts(body, PRESETS["great_expectations"].mapping, model="pd", at=AT)

    first, second = parsed.alerts[:2]
    assert (first.rule, first.feature) == ("expect_column_values_to_not_be_null", "alcohol")
    assert (first.is_firing, first.level) == (True, 2)
    assert first.value == pytest.approx(11.7978, abs=0.001)
    assert not second.is_firing
    assert parsed.refused == {}


def test_results_of_nannyml_are_points_of_each_feature_and_method():
    chunks = body_of("nannyml_univariate_drift.json")
    for day, chunk in enumerate(chunks, 1):
        chunk["chunk.chunk.end_date"] = f"2026-11-{day:02} 00:00:00"

    reading, paths = generic.read_reading(chunks, PRESETS["nannyml"].mapping, model="car", at=AT)

    assert len(reading.values) == 3 * len(chunks) and not reading.refused
    assert reading.names[0] == ("car", "jensen_shannon", "car_value", "")
    assert reading.values[0] == 0.0261934547
    assert from_micros(reading.ts[0]) == datetime(2026, 11, 1, tzinfo=UTC)
    assert paths[0] == "[0]/car_value.jensen_shannon.value"


def test_several_values_of_one_series_need_a_time():
    with pytest.raises(Unusable, match="Several values of one series have no time"):
        generic.read_reading(
            body_of("nannyml_univariate_drift.json"), PRESETS["nannyml"].mapping, model="car", at=AT
        )


def test_a_profile_of_whylogs_is_points_of_each_column():
    profile = {
        "age": {"distribution/mean": 41.5, "counts/n": 100, "type": "SummaryType.COLUMN", "types/ok": True},
        "income": {"distribution/mean": None, "counts/n": 100},
    }

    values = values_of(profile, PRESETS["whylogs"].mapping, model="pd")

    assert values == {
        ("pd", "distribution/mean", "age", ""): 41.5,
        ("pd", "counts/n", "age", ""): 100,
        ("pd", "counts/n", "income", ""): 100,
    }


def test_failure_cases_of_pandera_are_failing_checks():
    cases = [{"schema_context": "Column", "column": "age", "check": "greater_than(0)", "failure_case": -3}]

    parsed = generic.read_alerts(cases, PRESETS["pandera"].mapping, model="pd", at=AT)

    (alert,) = parsed.alerts
    assert (alert.rule, alert.feature, alert.is_firing, alert.summary) == (
        "greater_than(0)",
        "age",
        True,
        "-3",
    )


def test_a_mapping_that_fits_half_a_payload_takes_that_half():
    body = {
        "results": [
            {"name": "psi", "stats": {"mean": 0.1}},
            {"name": "psi_2", "stats": []},
            {"stats": {"mean": 1}},
            "odd",
            {"name": "psi_3", "stats": {"mean": float("nan")}},
        ]
    }

    reading, paths = generic.read_reading(body, MAPPING, at=AT)

    assert [reading.names[key][1] for key in reading.keys] == ["psi"]
    assert {item: error.field for item, error in reading.refused.items()} == {
        1: "value",
        2: "metric",
        3: "metric",
        4: "value",
    }
    assert paths[4] == "results[4]/stats/mean"


def test_a_check_with_an_unknown_status_is_refused_alone():
    checks = [
        {"check": "a", "ok": True},
        {"check": "b", "ok": "maybe"},
        {"check": "c", "ok": False},
        {"ok": True},
    ]

    parsed = generic.read_alerts({"model": "pd", "results": checks}, CHECKS, at=AT)

    assert [(alert.rule, alert.is_firing) for alert in parsed.alerts] == [("a", False), ("c", True)]
    assert "“maybe”" in parsed.refused[1].message
    assert parsed.refused[3].field == "rule"


@pytest.mark.parametrize("body", [{}, {"results": None}, {"results": 3}, [], "text", None])
def test_a_body_without_items_is_refused(body):
    with pytest.raises(Unusable):
        generic.read_reading(body, MAPPING, at=AT)


@pytest.mark.parametrize(
    ("ts", "moment"),
    [
        ("2026-11-20T10:00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        (1763632800, datetime(2025, 11, 20, 10, tzinfo=UTC)),
        (1763632800000, datetime(2025, 11, 20, 10, tzinfo=UTC)),
        (None, AT),
    ],
)
def test_times_are_texts_seconds_or_milliseconds(ts, moment):
    body = {"when": ts, "results": [{"name": "psi", "stats": {"mean": 1}}]}

    reading, _ = generic.read_reading(body, MAPPING | {"ts": "/when"}, at=AT)

    assert from_micros(reading.ts[0]) == moment


def test_a_path_reaches_names_with_slashes_and_positions():
    assert generic.value_at({"a/b": [{"~": 1}]}, "a~1b/0/~0") == 1
    assert generic.value_at({"a": [1]}, "a/1") is None
    assert generic.value_at({"a": 1}, "a/b") is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ([], "mapping"),
        ({"makes": "both"}, "makes"),
        (MAPPING | {"rule": "x"}, "rule"),
        (MAPPING | {"metric": 1}, "metric"),
        (MAPPING | {"metric": ""}, "metric"),
        (MAPPING | {"members": "{feature}.{feature}"}, "members"),
        (MAPPING | {"members": "{x}"}, "members"),
        (CHECKS | {"statuses": {"a": "bad"}}, "statuses"),
        (CHECKS | {"statuses": {}}, "statuses"),
        (CHECKS | {"is_complete": "yes"}, "is_complete"),
        (CHECKS | {"severities": ["high"]}, "severities"),
        (CHECKS | {"severities": {"high": "later"}}, "severities"),
        (CHECKS | {"kinds": ["drift"]}, "kinds"),
        (CHECKS | {"kinds": {"x": ["drift"]}}, "kinds"),
        (CHECKS | {"members": "{feature}"}, "members"),
        (MAPPING | {"statuses": {"a": "warning"}}, "statuses"),
        (MAPPING | {"severities": {"a": "warning"}}, "severities"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(wrong, field):
    with pytest.raises(Unusable) as error:
        generic.check_mapping(wrong)
    assert error.value.field == field


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_mapping(name):
    generic.check_mapping(PRESETS[name].mapping)
    assert PRESETS[name].mapping["makes"] in ("points", "alerts")
