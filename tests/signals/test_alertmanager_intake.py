"""The webhook of Alertmanager, with bodies of the real tool and with others that its format allows."""

import pytest

from signals.models import Alert, Breach, BreachGroup, Delivery, Source, ThresholdVersion
from tests.factories import signals
from tests.signals.conftest import ALERTS

pytestmark = pytest.mark.django_db


def test_alerts_become_breaches_of_one_cause(sender, at):
    answer = sender(ALERTS, {"alerts": [signals.sent_alert("age"), signals.sent_alert("income")], "odd": 1})

    assert answer.status_code == 202
    assert answer.json()["stored"] == 2
    group = BreachGroup.objects.get()
    assert (group.kind, group.state, group.model) == ("drift", "open", None)
    assert group.title == "FeatureDriftHigh on fraud-score (not registered)"
    assert {breach.worst_value for breach in group.breaches.all()} == {0.31}
    version = ThresholdVersion.objects.get()
    assert (version.warning, version.critical, version.direction) == (0.25, None, "above")
    assert Source.objects.get().slug == "alertmanager"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"alerts": {}}, 422), ([], 422), ({"alerts": []}, 202), ({"alerts": [3]}, 422)],
)
def test_bodies_of_another_shape(sender, body, status):
    assert sender(ALERTS, body).status_code == status
    assert Delivery.objects.get().status == status
    assert not Alert.objects.exists()


def test_large_or_unusual_values_are_cut_and_reported(sender):
    told = signals.sent_alert()
    long, many = "x" * 5_000, {f"label_{number}": "1" for number in range(300)}
    body = [
        told | {"annotations": told["annotations"] | {"description": long}, "fingerprint": "a"},
        told | {"labels": told["labels"] | {"pod": long}, "fingerprint": "b"},
        told | {"labels": many | told["labels"], "fingerprint": "c"},
        told | {"startsAt": "2199-01-01T00:00:00Z", "fingerprint": "d"},
    ]

    answer = sender(ALERTS, {"alerts": body})

    assert answer.json()["results"] == ["stored"] * 4
    alerts = {alert.fingerprint: alert for alert in Alert.objects.all()}
    kept = alerts["a"].annotations["description"]
    assert (len(kept), kept[-2:]) == (4_000, "x…")
    assert len(alerts["b"].labels["pod"]) == 4_000
    assert (len(alerts["c"].labels), alerts["c"].labels["alertname"]) == (100, told["labels"]["alertname"])
    said = Delivery.objects.get().problem
    assert "alerts[2]: 100 of " in said
    assert "alerts[3]: Its start lies in the future" in said


def test_alerts_without_labels_and_fingerprint_differ_by_their_annotations(sender):
    sent = signals.sent_alert() | {"labels": None, "fingerprint": None}
    body = [sent | {"annotations": {"summary": text}} for text in ("Drift", "Latency", "Drift")]

    answer = sender(ALERTS, {"alerts": body})

    assert answer.json()["results"] == ["stored", "stored", "duplicate"]


def test_a_body_of_more_than_5000_alerts_is_kept(sender):
    told = signals.sent_alert()
    body = [told | {"fingerprint": f"{number}"} for number in range(5_100)]

    answer = sender(ALERTS, {"alerts": body})

    assert (answer.status_code, answer.json()["stored"]) == (202, 5_100)


def test_a_named_source_has_its_own_mapping(sender):
    sender(f"{ALERTS}/staging", {"alerts": [signals.sent_alert("age")]})
    sender(f"{ALERTS}?source=lab", {"alerts": [signals.sent_alert("income")]})

    assert set(Source.objects.values_list("slug", flat=True)) == {"staging", "lab"}
    assert sender(f"{ALERTS}?source=no%20good", {"alerts": []}).status_code == 422
    assert Breach.objects.count() == 2
