"""The pages of series and thresholds: proposing, agreeing, declining."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from people.states import Role
from signals.models import ThresholdVersion
from signals.operations import series as operations
from signals.operations import threshold
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
LIMITS = {"direction": "above", "warning": "0.2", "critical": "", "clear": "", "reason": "Seen in May."}


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def _count(client, path) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def proposed(on=None, **limits):
    on = on or signals.series()
    return threshold.propose(on, reason="As seen.", by=SYSTEM, at=AT, **{"warning": 0.2, **limits})


def test_a_series_without_a_threshold_says_that_breaches_are_not_detected(client, ana):
    found = signals.series()

    page = client.get(f"/signals/series/{found.pk}/").content.decode()

    assert "No threshold" in page
    assert "No threshold, so breaches of this series are not detected" in page


def test_a_series_shows_what_was_corrected(client, ana, at):
    found = signals.series(values=[0.1])
    signals.push(found, 0.7, start=at)

    page = client.get(f"/signals/series/{found.pk}/").content.decode()

    assert "Corrected values" in page


def test_a_series_costs_the_same_at_one_and_three_thresholds(client, ana):
    catalogue.model("fraud-score")
    found = signals.series()
    signals.agreed(found)
    few = _count(client, f"/signals/series/{found.pk}/")
    for _ in range(2):
        signals.agreed(found)
        proposed(found)

    assert _count(client, f"/signals/series/{found.pk}/") == few


def test_a_series_of_a_restricted_model_is_not_found_by_strangers(client, ana):
    catalogue.model("canary", viewers=[people.team().subject_id])
    found = signals.series("canary")
    version = proposed(found)

    for path in (
        f"series/{found.pk}/",
        f"series/{found.pk}/edit/",
        f"series/{found.pk}/propose/",
        f"thresholds/{version.threshold_id}/",
        f"thresholds/{version.threshold_id}/propose/",
    ):
        assert client.get(f"/signals/{path}").status_code == 404, path
    for verb in ("agree", "decline"):
        assert client.post(f"/signals/versions/{version.pk}/{verb}/").status_code == 404


def test_the_kind_of_a_series_is_changed(client, ana):
    found = signals.series()

    answer = client.post(
        f"/signals/series/{found.pk}/edit/", {"kind": "latency", "unit": "ms", "version": found.version}
    )

    found.refresh_from_db()
    assert answer.status_code == 303
    assert (found.kind, found.unit) == ("latency", "ms")


def test_two_who_change_a_series_at_once_lose_nothing(client, ana):
    found = signals.series()
    operations.change(found, {"unit": "%"}, by=SYSTEM, at=AT)

    answer = client.post(f"/signals/series/{found.pk}/edit/", {"kind": "latency", "unit": "ms", "version": 1})

    assert answer.status_code == 409
    assert "<pre>%</pre>" in answer.content.decode()


def test_a_member_of_no_owning_team_does_not_change_a_series(client, ana):
    found = signals.series()
    client.force_login(people.user())

    assert client.get(f"/signals/series/{found.pk}/edit/").status_code == 403


def test_a_threshold_is_proposed_and_judges_nothing_yet(client, ana):
    found = signals.series()

    answer = client.post(f"/signals/series/{found.pk}/propose/", LIMITS)

    version = ThresholdVersion.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/signals/thresholds/{version.threshold_id}/",
    )
    assert (version.state, version.warning, version.critical) == ("proposed", 0.2, None)
    assert "Not in force" in client.get(answer.headers["Location"]).content.decode()


def test_one_press_proposes_once(client, ana):
    found = signals.series()

    for _ in range(2):
        client.post(f"/signals/series/{found.pk}/propose/", LIMITS | {"once": "k1"})

    assert ThresholdVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"warning": ""}, "warning"),
        ({"warning": "x"}, "warning"),
        ({"critical": "0.1"}, "critical"),
        ({"clear": "0.9"}, "clear"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"warning": "nan"}, "warning"),
        ({"warning": "inf"}, "warning"),
    ],
)
def test_impossible_limits_are_reported_at_their_field(client, ana, wrong, field):
    found = signals.series()

    answer = client.post(f"/signals/series/{found.pk}/propose/", LIMITS | wrong)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not ThresholdVersion.objects.exists()


def test_the_next_version_starts_from_the_one_in_force(client, ana):
    version = signals.agreed(signals.series(), warning=0.2, critical=0.4)
    path = f"/signals/thresholds/{version.threshold_id}/propose/"

    assert client.get(path).context["form"].initial["critical"] == 0.4
    client.post(path, LIMITS | {"warning": "0.3"})

    numbers = ThresholdVersion.objects.order_by("number").values_list("number", "state")
    assert list(numbers) == [(1, "active"), (2, "proposed")]


def test_a_rule_of_a_tool_takes_no_version_here(client, ana):
    signals.alerts(signals.sent_alert())
    version = ThresholdVersion.objects.get()

    assert (
        "Managed by its source" in client.get(f"/signals/thresholds/{version.threshold_id}/").content.decode()
    )
    assert client.post(f"/signals/thresholds/{version.threshold_id}/propose/", LIMITS).status_code == 422


def test_an_agreed_version_is_in_force_with_who_and_why(client, ana):
    version = proposed()

    answer = client.post(f"/signals/versions/{version.pk}/agree/", {"version": version.version})

    version.refresh_from_db()
    assert (answer.status_code, version.state, version.agreed_by) == (303, "active", ana)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Agreed by Ana" in page and "As seen." in page


def test_agreeing_to_a_version_that_changed_is_refused(client, ana):
    version = proposed()

    assert client.post(f"/signals/versions/{version.pk}/agree/", {"version": 9}).status_code == 409
    client.post(f"/signals/versions/{version.pk}/agree/", {"version": version.version})
    assert (
        client.post(f"/signals/versions/{version.pk}/agree/", {"version": version.version}).status_code == 409
    )


def test_declining_needs_a_reason(client, ana):
    version = proposed()
    seen = {"version": version.version}

    bare = client.post(f"/signals/versions/{version.pk}/decline/", seen)
    said = client.post(f"/signals/versions/{version.pk}/decline/", seen | {"reason": "Too tight."})

    version.refresh_from_db()
    assert (bare.status_code, said.status_code, version.state) == (422, 303, "declined")
    assert "Enter the reason" in bare.content.decode()


def test_a_declined_version_says_who_declined_it_and_why_on_its_page_and_by_the_api(client, ana):
    version, other = proposed(), proposed()
    client.post(
        f"/signals/versions/{version.pk}/decline/", {"version": version.version, "reason": "Too tight."}
    )

    page = client.get(f"/signals/thresholds/{version.threshold_id}/").content.decode()
    rows = client.get("/api/v1/threshold-versions?order=-id").json()["results"]
    nested = client.get(f"/api/v1/thresholds/{version.threshold_id}/versions").json()["results"]

    assert f"Declined by {ana.name}" in page and "Declined: Too tight." in page
    told = {row["id"]: (row["declined_by_id"], row["declined_because"]) for row in [*rows, *nested]}
    assert told == {version.pk: (ana.pk, "Too tight."), other.pk: (None, None)}
    assert all((row["declined_at"] is None) == (row["id"] == other.pk) for row in rows)


def test_a_reason_that_is_too_long_stays_in_the_form(client, ana):
    version = proposed()
    sent = {"version": version.version, "reason": "x" * 2_500}

    refused = client.post(f"/signals/versions/{version.pk}/decline/", sent)

    assert refused.status_code == 422
    assert f"{'x' * 2_500}</textarea>" in refused.content.decode()


def test_a_member_proposes_and_does_not_agree(client, ana):
    version = proposed()
    client.force_login(people.user())

    assert client.post(f"/signals/versions/{version.pk}/agree/", {"version": 1}).status_code == 403
    page = client.get(f"/signals/thresholds/{version.threshold_id}/").content.decode()
    assert "Agree: put it in force" not in page
    assert client.get(f"/signals/thresholds/{version.threshold_id}/propose/").status_code == 200


def test_a_viewer_reads_and_proposes_nothing(client, ana):
    version = proposed()
    client.force_login(people.user(role=Role.VIEWER))

    assert client.get(f"/signals/thresholds/{version.threshold_id}/").status_code == 200
    assert client.get(f"/signals/thresholds/{version.threshold_id}/propose/").status_code == 403


def test_the_page_of_a_threshold_costs_the_same_at_one_and_three_versions(client, ana):
    version = signals.agreed(signals.series(), by=SYSTEM)
    path = f"/signals/thresholds/{version.threshold_id}/"
    few = _count(client, path)
    for limit in (0.3, 0.4):
        threshold.propose(version.threshold, warning=limit, reason="x", by=SYSTEM, at=AT)

    assert _count(client, path) == few
