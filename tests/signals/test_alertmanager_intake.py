"""The webhook of Alertmanager, by bodies that the real tool sent and by what its format allows."""

import pytest

from signals.models import Alert, Breach, BreachGroup, Delivery, Source, ThresholdVersion
from tests.factories import signals
from tests.signals.conftest import ALERTS

pytestmark = pytest.mark.django_db


def test_alerts_become_breaches_of_one_cause(sender, at):
    answer = sender(ALERTS, {"alerts": [signals.told("age"), signals.told("income")], "odd": 1})

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


def test_a_long_description_is_cut_and_a_long_label_refused(sender):
    told = signals.told()
    long = "x" * 5_000
    body = [
        told | {"annotations": told["annotations"] | {"description": long}},
        told | {"labels": told["labels"] | {"pod": long}},
    ]

    answer = sender(ALERTS, {"alerts": body})

    assert answer.json()["results"] == ["stored", "rejected"]
    assert answer.json()["rejections"][0]["field"] == "alerts[1].labels.pod"
    kept = Alert.objects.get().annotations["description"]
    assert (len(kept), kept[-2:]) == (4_000, "x…")


def test_a_named_source_has_its_own_mapping(sender):
    sender(f"{ALERTS}/staging", {"alerts": []})
    sender(f"{ALERTS}?source=lab", {"alerts": []})

    assert set(Source.objects.values_list("slug", flat=True)) == {"staging", "lab"}
    assert sender(f"{ALERTS}?source=no%20good", {"alerts": []}).status_code == 422
    assert Breach.objects.count() == 0
