"""The API of incidents."""

import json
from datetime import timedelta

import pytest

from incidents.models import Incident
from incidents.operations import incident as incidents
from kit.actor import SYSTEM
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people, signals
from tests.factories.incidents import incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client):
    people.organisation()
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    _, text = token.issue(manager, name="ci", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(
            f"/api/v1/{address}", **sent, headers={"Authorization": f"Bearer {text}", **headers}
        )

    return call


def test_an_incident_is_declared_changed_and_taken_through_its_steps(api):
    model = catalogue.model()
    version = catalogue.version(model)
    body = {
        "title": "Scores are old",
        "severity": "critical",
        "model": model.slug,
        "model_version": version.pk,
        "started_at": (AT - timedelta(hours=3)).isoformat(),
    }
    created = api("post", "incidents", body)
    row = created.json()
    assert created.status_code == 201 and created["Location"].endswith(row["reference"])
    assert (row["model_slug"], row["model_version_id"]) == (model.slug, version.pk)

    at = f"incidents/{row['reference']}"
    changed = api("patch", at, {"affected": "Everyone"}, **{"If-Match": created["ETag"]})
    assert changed.json()["affected"] == "Everyone"
    early = {"resolved_at": "2020-01-01T00:00:00Z"}
    refused = api("post", f"{at}/resolve", early, **{"If-Match": changed["ETag"]})
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "resolved_at"
    resolved = api("post", f"{at}/resolve", {"text": "Rolled back"}, **{"If-Match": changed["ETag"]})
    assert resolved.json()["state"] == "resolved"
    stale = api("post", f"{at}/reopen", {"reason": "It is back"}, **{"If-Match": changed["ETag"]})
    assert stale.status_code == 412


def test_a_second_report_about_a_breach_answers_with_the_first_incident(api):
    group = signals.breach_group()
    body = {"title": "Scores are old", "severity": "high", "about": group.reference}
    first, second = api("post", "incidents", body), api("post", "incidents", body)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["breach_reference"] == group.reference
    assert Incident.objects.count() == 1


def test_an_incident_is_restricted_from_its_creation(api):
    team = people.team("Security")
    row = api("post", "incidents", {"title": "A leak", "severity": "low", "only_teams": [team.slug]}).json()

    assert row["is_restricted"]
    assert not Incident.objects.visible_to(people.user()).exists()


def test_the_list_is_filtered_ordered_and_paged(api):
    for severity in ("low", "high", "low"):
        incident(severity=severity, started_at=AT - timedelta(hours=1))
    page = api("get", "incidents?severity=low&order=-started_at&limit=1").json()
    assert len(page["results"]) == 1 and page["next"]
    assert api("get", "incidents?state=resolved").json()["results"] == []
    assert api("get", "incidents?severity=awful").status_code == 400


def test_a_review_says_whether_it_waits_for_its_incident(api):
    resolved, back = incident(state="resolved"), incident(state="resolved")
    incidents.reopen(back, reason="It is back", by=SYSTEM, at=AT)

    rows = {row["incident_reference"]: row for row in api("get", "post-incident-reviews").json()["results"]}
    one = api("get", f"post-incident-reviews/{back.reference}").json()

    assert rows[back.reference]["waits"] is True and rows[resolved.reference]["waits"] is False
    assert one == rows[back.reference]
