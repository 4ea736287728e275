"""The receivers of Grafana, Evidently and MLflow, with bodies of the tools' formats."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from catalogue.models import RegistryReading, Version
from kit.actor import SYSTEM
from people.models import Token
from people.operations import token
from signals.models import Alert, Breach, Delivery, Point, Series, Source
from signals.operations import source as sources
from tests.conftest import AT
from tests.factories import catalogue, people, signals
from tests.signals.conftest import ALERTS, NOW

pytestmark = pytest.mark.django_db
BODIES = Path(__file__).parent
GRAFANA, EVIDENTLY, MLFLOW = (f"/api/v1/intake/{name}/lab" for name in ("grafana", "evidently", "mlflow"))
SECRET = "not a real secret"


def body_of(name: str) -> dict:
    return json.loads((BODIES / name).read_text())


def values_of(metric: str) -> dict[tuple[str, str], float]:
    rows = Point.objects.filter(series__metric=metric)
    return {(row.series.feature, row.series.slice): row.value for row in rows.select_related("series")}


# ---------------------------------------------------------- severities


@pytest.mark.parametrize("severity", ["info", "none", "INFO"])
def test_a_severity_that_says_nothing_is_wrong_opens_no_breach(sender, severity):
    answer = sender(ALERTS, {"alerts": [signals.sent_alert(severity=severity)]})

    assert (answer.status_code, answer.json()["results"], answer.json()["ignored"]) == (202, ["ignored"], 1)
    assert not Breach.objects.exists()
    assert Delivery.objects.get().counts_text == "1 ignored"


def test_a_source_says_what_a_severity_means(sender):
    source = signals.source("lab", adapter="alertmanager")
    severities = {"info": "critical", "Ticket": "ignore"}
    sources.change(source, {"mapping": {"severities": severities}}, by=SYSTEM, at=NOW)

    alerts = [signals.sent_alert("age", severity="info"), signals.sent_alert("income", severity="ticket")]
    answer = sender(f"{ALERTS}/lab", {"alerts": alerts})

    assert answer.json()["results"] == ["stored", "ignored"]
    assert Breach.objects.get().get_level_display() == "Critical"


def test_an_open_breach_of_a_severity_that_is_ignored_later_still_clears(sender):
    sent = signals.sent_alert("age", severity="ticket")
    sender(f"{ALERTS}/lab", {"alerts": [sent]})
    mapping = {"severities": {"ticket": "ignore"}}
    sources.change(Source.objects.get(), {"mapping": mapping}, by=SYSTEM, at=NOW)

    answer = sender(f"{ALERTS}/lab", {"alerts": [sent | {"status": "resolved"}]})

    assert answer.json()["results"] == ["stored"]
    assert not Alert.objects.get().is_firing


def test_a_newer_start_of_an_ignored_severity_opens_nothing(sender):
    sent = signals.sent_alert("age", severity="ticket")
    sender(f"{ALERTS}/lab", {"alerts": [sent]})
    mapping = {"severities": {"ticket": "ignore"}}
    sources.change(Source.objects.get(), {"mapping": mapping}, by=SYSTEM, at=NOW)
    newer = sent | {"startsAt": (AT + timedelta(hours=1)).isoformat()}

    answers = [sender(f"{ALERTS}/lab", {"alerts": [newer]}).json()["results"] for _ in range(2)]

    assert answers == [["ignored"], ["ignored"]]
    ended = Alert.objects.get()
    assert (ended.is_firing, ended.ends_at) == (False, AT + timedelta(hours=1))
    assert Breach.objects.get().state == "cleared"


# ---------------------------------------------------------- Grafana


def test_alerts_of_grafana_become_breaches_with_the_measured_value(sender):
    answer = sender(GRAFANA, body_of("grafana/grouped.json"))

    assert answer.json()["results"] == ["stored", "stored", "ignored"]
    breaches = {breach.feature: breach for breach in Breach.objects.all()}
    assert (breaches["age"].worst_value, breaches["age"].level) == (0.41, 2)
    assert breaches[""].worst_value is None
    assert Source.objects.get().adapter == "grafana"


def test_a_repeated_body_of_grafana_adds_nothing_and_a_resolved_one_clears(sender):
    body = body_of("grafana/grouped.json")
    sender(GRAFANA, body)

    again = sender(GRAFANA, body)
    resolved = [alert | {"status": "resolved", "values": None} for alert in body["alerts"]]
    ended = sender(GRAFANA, body | {"status": "resolved", "alerts": resolved})

    assert again.json()["results"] == ["duplicate", "duplicate", "ignored"]
    assert ended.json()["results"] == ["stored", "stored", "ignored"]
    assert not Alert.objects.filter(is_firing=True).exists()


@pytest.fixture
def signing(sender):
    """Return a function that gives a source the secret and the sender as owner."""

    def sign(adapter):
        source = signals.source("lab", adapter=adapter)
        values = {"owner": sender.person, "secret": SECRET}
        return sources.change(source, values, by=SYSTEM, at=NOW)

    return sign


def _posted(client, address, raw, **headers):
    return client.post(address, raw, content_type="application/json", headers=headers)


def _signed_by_grafana(raw: bytes, *, secret=SECRET, at=NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    name = "X-Grafana-Alerting-Signature"
    return {name: digest, f"{name}-Timestamp": stamp}


def test_a_body_that_grafana_signed_needs_no_token(client, signing):
    source, raw = signing("grafana"), (BODIES / "grafana/grouped.json").read_bytes()

    answer = _posted(client, GRAFANA, raw, **_signed_by_grafana(raw))

    assert (answer.status_code, answer.json()["stored"]) == (202, 2)
    assert SECRET not in source.secret


def test_a_signature_without_a_timestamp_covers_the_body_alone(client, signing):
    signing("grafana")
    digest = hmac.new(SECRET.encode(), b'{"alerts": []}', hashlib.sha256).hexdigest()

    answer = _posted(client, GRAFANA, b'{"alerts": []}', **{"X-Grafana-Alerting-Signature": digest})

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("changed", "detail"),
    [({"secret": "another"}, "does not match"), ({"at": NOW.replace(year=2025)}, "too old")],
)
def test_a_wrong_or_old_signature_is_401_and_recorded_nowhere(client, signing, changed, detail):
    signing("grafana")

    answer = _posted(client, GRAFANA, b'{"alerts": []}', **_signed_by_grafana(b'{"alerts": []}', **changed))

    assert answer.status_code == 401
    assert detail in answer.json()["detail"]
    assert not Delivery.objects.exists()


def test_a_signature_ends_with_the_owner_of_the_source(client, signing):
    source, raw = signing("grafana"), b'{"alerts": []}'
    source.owner.is_active = False
    source.owner.save()

    assert _posted(client, GRAFANA, raw, **_signed_by_grafana(raw)).status_code == 401


@pytest.mark.parametrize("address", [GRAFANA, EVIDENTLY, MLFLOW])
def test_a_revoked_token_is_401_and_recorded_nowhere(sender, address):
    token.revoke(Token.objects.get(), by=SYSTEM, at=NOW)

    assert sender(address, {"alerts": [], "metrics": []}).status_code == 401
    assert not Delivery.objects.exists()
    assert not Source.objects.exists()


# ---------------------------------------------------------- Evidently


def test_a_drift_report_of_evidently_07_is_one_series_a_column(sender):
    answer = sender(
        f"{EVIDENTLY}?model=triage&ts=2026-11-20T00:00:00Z", body_of("evidently/week06_data_drift.json")
    )

    assert (answer.status_code, answer.json()["rejected"]) == (202, 0)
    assert values_of("drift_k_s_p_value")["mean radius", ""] == pytest.approx(2.5120766130381132e-42)
    assert values_of("drift_z_test_p_value")["target", ""] == pytest.approx(0.47713453060326727)
    assert values_of("drifted_columns_count_share") == {("", ""): 0.375}
    assert set(Series.objects.values_list("kind", "model_name")) == {("drift", "triage")}
    assert {point.ts.isoformat() for point in Point.objects.all()} == {"2026-11-20T00:00:00+00:00"}


def test_a_data_summary_of_evidently_07_has_the_missing_values(sender):
    answer = sender(f"{EVIDENTLY}?model=triage", body_of("evidently/week06_data_summary.json"))

    assert (answer.status_code, answer.json()["rejected"]) == (202, 0)
    assert values_of("dataset_missing_value_count_share") == {("", ""): 0.185}
    assert values_of("row_count") == {("", ""): 200.0}
    assert values_of("column_count_num") == {("", ""): 6.0}
    assert values_of("unique_value_count_share")["target", "1"] == 0.605
    assert set(Series.objects.values_list("kind", flat=True)) == {"data_quality"}


def test_a_classification_of_evidently_07_is_performance_by_label(sender):
    sender(EVIDENTLY, {"model": "triage", "report": body_of("evidently/week06_classification.json")})

    assert values_of("accuracy") == {("", ""): 0.83}
    assert values_of("recall_by_label") == {("", "0"): 1.0, ("", "1"): 0.71900826446281}
    assert set(Series.objects.values_list("kind", flat=True)) == {"performance"}


def test_a_report_of_evidently_04(sender):
    answer = sender(f"{EVIDENTLY}?model=triage", body_of("evidently/report_04.json"))

    assert (answer.status_code, answer.json()["rejected"]) == (202, 0)
    assert values_of("drift_wasserstein_distance_normed") == {("age", ""): 0.31, ("income", ""): 0.02}
    assert values_of("share_of_missing_values") == {("", ""): 0.185}
    assert values_of("f1") == {("", ""): 0.8365}
    assert {point.ts.isoformat() for point in Point.objects.all()} == {"2026-11-20T08:00:00+00:00"}


def test_a_report_that_is_sent_twice_adds_nothing(sender):
    body = body_of("evidently/week06_classification.json")
    first = sender(f"{EVIDENTLY}?model=triage", body)

    again = sender(f"{EVIDENTLY}?model=triage", body)

    assert again.json()["duplicates"] == first.json()["stored"] > 0


def test_only_the_metric_that_is_no_number_is_refused(sender):
    metric = {"config": {"type": "evidently:metric_v2:ValueDrift", "column": "age"}}
    values = [0.1, float("nan"), float("inf"), None]
    body = {"metrics": [*({**metric, "value": value} for value in values), 7], "later_field": {}}

    answer = sender(f"{EVIDENTLY}?model=triage", body)

    assert answer.json()["results"] == ["stored", *["rejected"] * 4]
    assert answer.json()["rejections"][0]["field"] == "metrics[1].value: value"
    assert len(Delivery.objects.get().body) > 0


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        (EVIDENTLY, {"metrics": [{"metric_name": "RowCount()", "value": 1}]}, "model"),
        (f"{EVIDENTLY}?model=a", {"metrics": []}, "metrics"),
        (f"{EVIDENTLY}?model=a", {"alerts": []}, "metrics"),
        (f"{EVIDENTLY}?model=a", [], "metrics"),
        (f"{MLFLOW}?model=a", {"run": {"info": {}}}, "metrics"),
        (f"{MLFLOW}?model=a", [], "metrics"),
        (MLFLOW, {"metrics": [{"key": "auc", "value": 1, "timestamp": 1795436696402}]}, "model"),
    ],
)
def test_a_body_of_another_shape_is_refused_with_its_field(sender, address, body, field):
    answer = sender(address, body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


# ---------------------------------------------------------- MLflow


def test_the_metrics_of_a_run_of_mlflow_become_points(sender):
    answer = sender(f"{MLFLOW}?model=tumour-triage", body_of("mlflow/runs_get.json"))
    again = sender(f"{MLFLOW}?model=tumour-triage", body_of("mlflow/metrics_get_history.json"))

    assert (answer.json()["stored"], again.json()["duplicates"]) == (2, 1)
    assert values_of("f1_macro") == {("", ""): 0.9322809786898185}
    assert Point.objects.first().ts.isoformat() == "2026-11-23T12:24:56.402000+00:00"


def test_a_metric_of_mlflow_that_is_not_finite_is_refused_alone(sender):
    metric = {"key": "auc", "timestamp": 1795436696402}
    rows = [{**metric, "value": 0.9}, {**metric, "value": "NaN"}, {**metric, "value": 1, "timestamp": "x"}]

    answer = sender(MLFLOW, {"model": "triage", "metrics": rows})

    assert answer.json()["results"] == ["stored", "rejected", "rejected"]


def _captured_webhook() -> tuple[bytes, dict[str, str]]:
    captured = body_of("mlflow/webhook_model_version_created.json")
    headers = {name: value for name, value in captured["headers"] if name.startswith("X-MLflow")}
    return captured["body_raw"].encode(), headers


@pytest.fixture
def webhook(client, sender, signing, move_clock):
    """Return a function that posts the captured webhook, signed for a source of the sender."""
    source = signing("mlflow")
    sources.change(source, {"secret": "whsec-mlflow-test"}, by=SYSTEM, at=NOW)
    raw, headers = _captured_webhook()
    move_clock(NOW.fromtimestamp(int(headers["X-MLflow-Timestamp"]), tz=NOW.tzinfo))
    return lambda: _posted(client, MLFLOW, raw, **headers)


def test_a_captured_webhook_of_mlflow_registers_the_version_once(webhook, sender):
    model = catalogue.model("tumour-triage", developer=sender.person)

    assert [webhook().json()["results"] for _ in range(2)] == [["stored"], ["duplicate"]]
    version = Version.objects.get()
    assert (version.model, version.name, version.made_at.isoformat()[:19]) == (
        model,
        "1",
        "2026-11-23T12:24:53",
    )
    assert {delivery.problem for delivery in Delivery.objects.all()} == {""}


def test_a_webhook_about_a_model_of_others_is_kept_and_registers_nothing(webhook):
    texts = set()
    for viewers in (None, [people.team("Fraud").subject_id]):
        Delivery.objects.all().delete()
        if viewers:
            catalogue.model("tumour-triage", viewers=viewers)
        assert webhook().json()["results"] == ["ignored"]
        texts.add(Delivery.objects.get().problem)
    assert texts == {
        "The owner of this source may change no model of this name. Register it, or import the registry."
    }
    assert not Version.objects.exists()


def test_a_webhook_lets_the_registries_of_its_owner_be_read(webhook, sender):
    mine, other = catalogue.registry(owner=sender.person), catalogue.registry()
    RegistryReading.objects.update(next_at=Now() + timedelta(hours=1))
    webhook()
    due = RegistryReading.objects.filter(next_at__lte=Now()).values_list("registry", flat=True)
    assert (list(due), other.pk in due) == ([mine.pk], False)


def test_a_webhook_of_mlflow_with_another_body_is_401(client, signing):
    signing("mlflow")
    signed = base64.b64encode(hmac.new(SECRET.encode(), b"1.1.{}", hashlib.sha256).digest()).decode()
    headers = {"X-MLflow-Delivery-Id": "1", "X-MLflow-Timestamp": "1", "X-MLflow-Signature": f"v1,{signed}"}

    assert _posted(client, MLFLOW, b'{"entity": "x"}', **headers).status_code == 401
    assert not Delivery.objects.exists()
