"""Reading signals by API, and the steps of a threshold."""

import json

import pytest

from kit.actor import SYSTEM
from people.operations import token
from people.states import Role
from signals.api import breach, series, source, threshold
from signals.models import BreachGroup, Series, Source, Threshold, ThresholdVersion
from signals.queries import breach as breaches
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client):
    person = people.user("Ana", role=Role.RISK_MANAGER)
    _, text = token.issue(person, name="all", scope="write", by=SYSTEM, at=AT)
    headers = {"Authorization": f"Bearer {text}"}

    def call(method, address, body=None, **further):
        return getattr(client, method)(
            f"/api/v1/{address}",
            **({"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}),
            headers=headers | further,
        )

    call.person = person
    return call


def test_lists_and_serializers_say_the_same(api, at):
    catalogue.model("fraud-score")
    signals.breach_group()
    signals.alerts(signals.sent_alert())
    pairs = [
        ("series", series.MetricSeriesRow, Series.objects.all()),
        ("threshold-versions", threshold.VersionRow, ThresholdVersion.objects.all()),
        ("breaches", breach.BreachRow, breaches.groups()),
        ("sources", source.SourceRow, Source.objects.all()),
    ]

    for address, serializer, rows in pairs:
        told = api("get", f"{address}?order=id").json()["results"]
        shown = json.loads(json.dumps(serializer(rows.order_by("id"), many=True).data, default=str))
        assert len(told) == rows.count() > 0
        assert [_plain(row) for row in told] == [_plain(row) for row in shown], address


def _plain(row):
    return {name: str(value).replace("+00:00", "Z") for name, value in row.items()}


def test_breaches_are_filtered_and_named_by_reference(api):
    group = signals.breach_group()
    signals.alerts(signals.sent_alert(model="churn"))

    found = api("get", "breaches?model_name=fraud-score&kind=drift&level=1&state=open").json()

    assert [row["reference"] for row in found["results"]] == [group.reference]
    assert (found["results"][0]["breaches"], found["results"][0]["open"]) == (1, 1)
    assert api("get", f"breaches/{group.reference}").json()["title"] == group.title
    assert api("get", "breaches?level=9").status_code == 400


def test_points_of_one_series_page_by_page(api):
    found = signals.series(values=[n / 10 for n in range(5)])

    first = api("get", f"points?series={found.pk}&limit=3").json()

    assert [row["value"] for row in first["results"]] == [0.0, 0.1, 0.2]
    rest = api("get", first["next"].split("/api/v1/")[1]).json()
    assert [row["value"] for row in rest["results"]] == [0.3, 0.4]
    assert api("get", "points").status_code == 400
    for query, field in [
        ("after=x", "after"),
        ("from=x", "from"),
        ("from=2026-11-23", "from"),
        ("until=2026-11-23T10:00:00+01:00", "until"),  # a blank, by the time it is read
    ]:
        refused = api("get", f"points?series={found.pk}&{query}")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)
        assert "isoformat" not in refused.json()["errors"][0]["detail"]
    until = api("get", f"points?series={found.pk}&until=2026-11-23T08:00:00Z").json()["results"]
    assert len(until) == 2


def test_a_threshold_is_proposed_and_agreed(api):
    found = signals.series()

    made = api("post", "thresholds", {"series": found.pk, "warning": 0.2, "reason": "Seen in May."})
    version = ThresholdVersion.objects.get()
    listed = api("get", f"threshold-versions/{version.pk}")
    agreed = api("post", f"threshold-versions/{version.pk}/agree", {}, **{"If-Match": listed["ETag"]})

    assert (made.status_code, agreed.status_code) == (201, 200)
    assert agreed.json()["state"] == "active"
    assert agreed.json()["agreed_by_id"] == api.person.pk
    row = api("get", f"thresholds/{Threshold.objects.get().pk}").json()
    assert (row["active_number"], row["warning"], row["critical"]) == (1, 0.2, None)
    assert api("post", f"threshold-versions/{version.pk}/agree", {}).status_code == 428
    truth = api("post", "thresholds", {"series": found.pk, "reason": "x", "warning": True})
    assert (truth.status_code, truth.json()["errors"][0]["field"]) == (400, "warning")
    wrong = api("post", "thresholds", {"series": found.pk, "reason": "x", "warning": 1, "critical": 0.5})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "critical"


def test_what_is_about_a_restricted_model_is_not_there_for_others(api):
    insider = people.user()
    catalogue.model("secret", viewers=[insider.subject_id])
    found = signals.series("secret")
    signals.agreed(found)
    signals.push(found, 0.5)

    assert BreachGroup.objects.get().subject.viewers == [insider.subject_id]
    for address in ("series", "breaches", "thresholds", "threshold-versions"):
        assert api("get", address).json()["results"] == [], address
    assert api("get", f"points?series={found.pk}").json()["results"] == []
    assert api("post", "thresholds", {"series": found.pk, "warning": 1, "reason": "x"}).status_code == 400
