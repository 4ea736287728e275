"""Variants of the formats that tools send: other versions, several results of one check, odd values."""

import gc

import pytest

from signals.mapping import alertmanager, evidently, generic, grafana, mlflow
from signals.mapping.presets import PRESETS
from signals.mapping.text import Unusable
from signals.models import Alert, Breach, BreachGroup, Delivery
from tests.conftest import AT
from tests.signals.test_adapter_intake import EVIDENTLY, body_of
from tests.signals.test_generic_intake import LAB, mapped
from tests.signals.test_generic_mapping import values_of


def checks_of(name: str, body, model: str = "pd"):
    return generic.read_alerts(body, PRESETS[name].mapping, model=model, at=AT)


def points_of(body) -> dict:
    reading, _ = evidently.read(body, model="pd", at=AT)
    assert not reading.refused
    return {reading.names[key][1:]: value for key, value in zip(reading.keys, reading.values, strict=True)}


# ---------------------------------------------------------- checks


@pytest.mark.django_db
def test_a_check_that_passes_and_never_failed_opens_no_breach(sender, move_clock):
    mapped("dbt")
    passed = {"results": [{"unique_id": f"test.{number}", "status": "pass"} for number in range(3)]}

    answers = [sender(f"{LAB}?model=fraud-score", passed).json()["results"] for _ in range(2)]

    assert answers == [["stored"] * 3, ["duplicate"] * 3]
    assert Alert.objects.filter(is_firing=False, breach=None).count() == Alert.objects.count() == 3
    assert not Breach.objects.exists()
    assert not BreachGroup.objects.exists()


@pytest.mark.django_db
def test_a_check_that_passed_first_fails_and_passes_again(sender, move_clock):
    mapped("dbt")
    for minute, status in enumerate(("pass", "fail", "fail", "pass", "pass")):
        move_clock(AT.replace(minute=minute))
        sender(f"{LAB}?model=fraud-score", {"results": [{"unique_id": "test.a", "status": status}]})

    breach = Breach.objects.get()
    assert (breach.state, breach.opened_at, breach.cleared_at) == (
        "cleared",
        AT.replace(minute=1),
        AT.replace(minute=3),
    )


def test_a_validation_of_great_expectations_0_18_names_its_rules():
    parsed = checks_of("great_expectations_0", body_of("checkers/great_expectations_0_18.json"))

    assert parsed.refused == {}
    assert [(alert.rule, alert.feature, alert.is_firing) for alert in parsed.alerts[::2]] == [
        ("expect_column_values_to_be_between", "age", True),
        ("expect_table_row_count_to_be_between", "", False),
    ]
    assert parsed.alerts[0].value == 4.5


def test_two_results_of_one_check_fail_if_one_fails():
    first, second, _ = checks_of(
        "great_expectations_0", body_of("checkers/great_expectations_0_18.json")
    ).alerts

    assert first.fingerprint == second.fingerprint
    assert (first.is_firing, second.is_firing, second.item) == (True, True, 1)


def test_a_test_of_dbt_with_a_long_name_keeps_its_start_and_stays_apart_from_others():
    names = [
        f"test.shop.accepted_values_orders_{'placed__' * 30}{end}" for end in ("be6b5b5ec3", "ce5fc173d0")
    ]

    parsed = checks_of("dbt", {"results": [{"unique_id": name, "status": "fail"} for name in names]})

    rules = [alert.rule for alert in parsed.alerts]
    assert parsed.refused == {}
    assert {len(rule) for rule in rules} == {200}
    assert rules[0].startswith("test.shop.accepted_values_orders_placed__") and rules[0] != rules[1]


@pytest.mark.parametrize(
    ("case", "summary"), [({"age": -1, "sex": "ä"}, '{"age": -1, "sex": "ä"}'), ([1, None], "[1, null]")]
)
def test_a_failure_case_of_pandera_may_be_any_value(case, summary):
    (alert,) = checks_of("pandera", [{"column": None, "check": "unique", "failure_case": case}]).alerts

    assert (alert.summary, alert.feature) == (summary, "")


# ---------------------------------------------------------- reports


def test_a_time_too_large_for_any_clock_is_refused_alone():
    late, mapping = 10**400, PRESETS["nannyml_performance"].mapping
    chunks = [{"chunk.end_date": late, "f1.value": 1}]
    metrics = {"metrics": [{"key": "f1", "value": 1, "timestamp": late}]}

    for reading, _ in (
        generic.read_reading(chunks, mapping, model="car", at=AT),
        mlflow.read(metrics, model="car", at=AT),
    ):
        assert [error.field for error in reading.refused.values()] == ["ts"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "body"),
    [
        (f"{LAB}?model=pd", b'{"age": {"counts/n": 100, "\\ud800": 2, "\\u0000": 3}}'),
        (
            f"{EVIDENTLY}-2?model=pd",
            b'{"metrics": [{"metric": "X", "result": {"drift_by_columns": {"\\ud800": {}, "\\u0000": {}}}}]}',
        ),
    ],
)
def test_a_value_under_a_name_that_cannot_be_stored_is_refused_by_its_place(sender, address, body):
    mapped("whylogs")

    answer = sender(address, body)

    assert answer.status_code in {202, 422}
    assert [("\ufffd" in one["field"]) for one in answer.json()["rejections"]] == [True, True]
    assert "\ufffd" in Delivery.objects.get().problem


def test_the_performance_of_nannyml_is_points_of_each_metric_at_the_end_of_its_chunk():
    values = values_of(
        body_of("checkers/nannyml_performance.json"), PRESETS["nannyml_performance"].mapping, model="car"
    )
    assert set(values) == {("car", "roc_auc", "", ""), ("car", "f1", "", "")}


def test_quantiles_and_classes_of_evidently_04_are_series_of_their_own():
    points = points_of(body_of("evidently/report_04_columns.json"))

    assert points["column_quantile_metric_0.75", "age", ""] == 47.5
    assert points["column_quantile_metric_0.25", "age", ""] == 31.0
    assert points["recall_by_label", "", "yes"] == 0.55
    assert points["f1_score_by_label", "", "no"] == 0.94
    assert points["drift_psi", "age", ""] == 0.27
    assert not [name for name, _, _ in points if name == "value"]


# ---------------------------------------------------------- Grafana


def test_the_test_of_a_contact_point_and_a_rule_without_data_are_read():
    sent = {
        "status": "firing",
        "startsAt": "2026-11-23T09:10:00.157076123+01:00",
        "endsAt": "0001-01-01T00:00:00Z",
        "values": None,
        "valueString": "[ metric='foo' labels={instance=bar} value=10 ]",
        "imageURL": None,
    }
    labels = (
        {"alertname": "TestAlert", "instance": "Grafana"},
        {
            "alertname": "DatasourceNoData",
            "rulename": "PSI",
            "model": "pd",
            "ref_id": "A",
            "grafana_folder": "",
        },
    )
    alerts = [{**sent, "labels": one, "annotations": None} for one in labels]

    parsed = grafana.read({"alerts": alerts, "orgId": 1, "groupLabels": None}, {}, at=AT)

    assert parsed.refused == {}
    assert [(alert.rule, alert.model_name) for alert in parsed.alerts] == [
        ("TestAlert", ""),
        ("DatasourceNoData", "pd"),
    ]


@pytest.mark.parametrize(
    ("values", "measured"),
    [
        ({"A": 1200.5, "B": 0.31, "C": 1}, 0.31),
        ({"B0": 0.2, "B1": 0.7}, 0.7),
        ({"A": 0.31}, 0.31),
        ({"A": None, "C": None}, None),
        ({"A": -1, "C": 1}, -1.0),
        ({}, None),
    ],
)
def test_the_measured_value_is_that_before_the_condition(values, measured):
    assert grafana.measured_value(values) == measured


# ---------------------------------------------------------- too much at once


def test_a_body_with_very_many_items_is_refused_as_a_whole():
    many = [{}] * (alertmanager.MAX_ALERTS + 1)
    for read in (
        lambda: checks_of("pandera", many),
        lambda: evidently.read({"metrics": many}, model="pd", at=AT),
    ):
        with pytest.raises(Unusable, match="More than"):
            read()


@pytest.mark.parametrize("tool", [alertmanager, grafana])
def test_very_many_alerts_are_cut_and_the_first_are_kept(tool):
    many = [{"status": "firing", "labels": {"alertname": "a"}}] * (alertmanager.MAX_ALERTS + 2)

    parsed = tool.read({"alerts": many}, {}, at=AT)

    assert len(parsed.alerts) == parsed.count == alertmanager.MAX_ALERTS
    assert parsed.truncated == 2
    assert parsed.cuts == ["alerts: 2 after the first 20000 were not read"]


@pytest.mark.django_db
def test_alerts_that_were_cut_off_are_counted_up_to_what_a_delivery_can_store(sender):
    known = 2**31 - 1
    firing = {"status": "firing", "labels": {"alertname": "a", "model": "credit-pd"}}
    alerts = [firing, *[{}] * alertmanager.MAX_ALERTS]

    answer = sender("/api/v1/intake/alertmanager", {"alerts": alerts, "truncatedAlerts": known})

    assert answer.status_code == 202
    assert Delivery.objects.latest("id").truncated_alerts == known


def test_a_refused_item_keeps_no_frames_of_its_reading():
    parsed = alertmanager.read({"alerts": [{}, {"status": "firing", "startsAt": "x"}]}, {}, at=AT)

    gc.collect()
    assert [(error.__traceback__, error.__context__) for error in parsed.refused.values()] == [
        (None, None)
    ] * 2
