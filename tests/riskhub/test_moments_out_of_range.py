"""A moment that some time zone cannot show, in the first or last year, is refused by pages and the API."""

from datetime import datetime

import pytest

from catalogue.models import Version
from kit import zones
from people.states import Role
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
OUTSIDE = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")


@pytest.fixture
def manager(client):
    people.organisation(time_zone="America/Los_Angeles")
    person = people.user(role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.mark.parametrize("moment", OUTSIDE)
def test_the_api_refuses_it(client, manager, moment):
    version = catalogue.version()
    url = f"/api/v1/models/{version.model.slug}/versions/{version.pk}"

    answer = client.patch(
        url, {"made_at": moment}, content_type="application/json", headers={"If-Match": "*"}
    )

    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"] == [
        {"field": "made_at", "detail": "Use a moment between the years 2 and 9998."}
    ]


@pytest.mark.parametrize("moment", OUTSIDE)
def test_a_page_refuses_it(client, manager, moment):
    model = catalogue.model()

    answer = client.post(
        f"/models/{model.slug}/versions/new/", {"name": "7", "stage": "candidate", "made_at": moment[:16]}
    )

    assert answer.status_code == 422
    assert "Use a moment between the years 2 and 9998." in answer.content.decode()
    assert not Version.objects.exists()


def test_a_local_time_without_a_zone_is_compared_too():
    assert zones.is_showable(datetime(2026, 11, 23, 9))
    assert not zones.is_showable(datetime(9999, 12, 31, 23, 59))


@pytest.mark.parametrize("zone", ["localtime", "Factory"])
def test_a_zone_that_is_not_the_same_everywhere_is_refused(client, manager, zone):
    team = people.team()
    body = {"name": "S", "rrule": "FREQ=WEEKLY", "time_zone": zone, "teams": [team.slug]}
    body |= {"first_on": "2026-11-25", "starts_at": "10:00"}

    answer = client.post("/api/v1/meeting-series", body, content_type="application/json")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["time_zone"]
