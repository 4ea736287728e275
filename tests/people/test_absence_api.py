"""The API of absences."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from people.models import Absence
from people.operations import person as persons
from people.states import Role
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db
JSON = "application/json"
URL = "/api/v1/absences"
DAYS = {"from_on": "2026-12-01", "until_on": "2026-12-05"}


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau", email="ana@example.org")
    client.force_login(person)
    return person


def absence(person, from_on=date(2026, 12, 1), until_on=date(2026, 12, 5), **fields) -> Absence:
    return persons.be_away(person, from_on=from_on, until_on=until_on, by=SYSTEM, at=AT, **fields)


def test_an_absence_is_added_read_and_removed(client, ana):
    ben = people.user("Ben", email="ben@example.org")
    made = client.post(URL, {**DAYS, "stand_in": "ben@example.org", "reason": "Holiday"}, content_type=JSON)
    row = made.json()

    assert (made.status_code, made["Location"]) == (201, f"{URL}/{row['id']}")
    assert (row["person_name"], row["stand_in_id"], row["reason"]) == ("Ana Moreau", ben.pk, "Holiday")
    assert client.get(made["Location"]).json() == row
    assert client.get(URL).json()["results"] == [row]
    assert client.delete(made["Location"]).status_code == 428
    assert client.delete(made["Location"], headers={"If-Match": '"absence-1-v9"'}).status_code == 412
    assert client.delete(made["Location"], headers={"If-Match": made["ETag"]}).status_code == 204
    assert client.get(made["Location"]).status_code == 404
    assert not Absence.objects.exists()


def test_only_administrators_write_absences_of_others(client, ana):
    ben = people.user("Ben", email="ben@example.org")
    of_ben = absence(ben, reason="An operation")
    body = {"person": "ben@example.org", "from_on": "2027-01-04", "until_on": "2027-01-04"}

    assert client.post(URL, body, content_type=JSON).status_code == 403
    assert client.delete(f"{URL}/{of_ben.pk}").status_code == 403
    assert client.get(f"{URL}/{of_ben.pk}").json()["reason"] is None
    client.force_login(people.user("Ada", role=Role.ADMINISTRATOR))
    assert client.get(f"{URL}/{of_ben.pk}").json()["reason"] == "An operation"
    assert client.post(URL, body, content_type=JSON).json()["person_id"] == ben.pk
    assert client.delete(f"{URL}/{of_ben.pk}", headers={"If-Match": "*"}).status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"from_on": "2026-12-05", "until_on": "2026-12-01"}, 422, "until_on"),
        ({"from_on": "tomorrow", "until_on": "2026-12-01"}, 400, "from_on"),
        ({"from_on": "2026-12-05"}, 400, "until_on"),
        ({**DAYS, "stand_in": "ana@example.org"}, 422, "stand_in"),
        ({**DAYS, "until_on": "2099-01-01"}, 422, "until_on"),
        ({**DAYS, "person": "nobody@example.org"}, 400, "person"),
        ({**DAYS, "until": "2026-12-06"}, 400, "until"),
    ],
)
def test_a_bad_absence_is_refused_by_field(client, ana, body, status, field):
    answer = client.post(URL, body, content_type=JSON)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_stand_in_who_is_away_on_the_same_days_is_refused(client, ana):
    absence(people.user("Ben", email="ben@example.org"), date(2026, 12, 5), date(2026, 12, 6))
    body = {"from_on": "2026-12-01", "until_on": "2026-12-05", "stand_in": "ben@example.org"}

    answer = client.post(URL, body, content_type=JSON)

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "stand_in")
    assert error["detail"] == "Ben is away from 5 Dec to 6 Dec 2026. Choose somebody else."
    assert client.post(URL, {**body, "until_on": "2026-12-04"}, content_type=JSON).status_code == 201


def test_absences_that_overlap_are_refused(client, ana):
    absence(ana)

    answer = client.post(URL, DAYS, content_type=JSON)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "from_on")


def test_absences_are_filtered_by_person_and_day_and_ordered(client, ana):
    ben = people.user("Ben")
    first, later = absence(ana), absence(ana, date(2027, 1, 4), date(2027, 1, 5))
    of_ben = absence(ben, date(2026, 12, 3), date(2026, 12, 3))

    def ids(query):
        return [row["id"] for row in client.get(f"{URL}?{query}").json()["results"]]

    assert ids("") == [first.pk, of_ben.pk, later.pk]
    assert ids("order=-from_on") == [later.pk, of_ben.pk, first.pk]
    assert ids("person=me") == [first.pk, later.pk]
    assert ids(f"person={ben.pk}") == [of_ben.pk]
    assert ids("day=2026-12-05") == [first.pk]
    assert ids("day=2026-12-06") == []
    refused = client.get(f"{URL}?day=monday")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "day")


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, ana):
    absence(ana)

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        return len(queries)

    statements()
    for_one = statements()
    absence(people.user("Ben"), stand_in=people.user())
    absence(people.user("Cem"), stand_in=people.user())

    assert statements() == for_one
