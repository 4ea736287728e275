"""Days off through the API and on the settings page."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit.actor import SYSTEM
from people.models import Organisation, User
from people.operations import organisation as organisations
from people.operations import person as persons
from people.states import Role
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db
JSON = "application/json"
URL = "/api/v1/holidays"
EVE = {"date": "2026-12-24", "name": "Christmas Eve"}


@pytest.fixture
def organisation():
    found = people.organisation()
    organisations.change(found, {"country": "DE"}, by=SYSTEM, at=AT)
    return found


@pytest.fixture
def ada(client, organisation):
    person = people.user("Ada", role=Role.ADMINISTRATOR)
    client.force_login(person)
    return person


def test_an_own_day_is_added_listed_and_removed(client, ada):
    made = client.post(URL, EVE, content_type=JSON)
    row = {**EVE, "whose": "organisation", "is_own": True}

    assert (made.status_code, made.json()) == (201, row)
    listed = client.get(URL).json()
    assert listed["results"][:2] == [
        row,
        {"date": "2026-12-25", "name": "Christmas Day", "whose": "DE", "is_own": False},
    ]
    assert listed["count"] == len(listed["results"]) == 10
    assert client.delete(f"{URL}/2026-12-24").status_code == 204
    assert client.delete(f"{URL}/2026-12-24").status_code == 404
    assert client.delete(f"{URL}/2026-12-25").status_code == 404


def test_only_administrators_change_days_off(client, organisation):
    client.force_login(people.user())

    assert client.post(URL, EVE, content_type=JSON).status_code == 403
    assert client.delete(f"{URL}/2026-12-24").status_code == 403
    assert client.get(URL).status_code == 200


def test_the_days_of_a_person_are_those_of_their_country(client, ada):
    persons.change(ada, {"country": "US"}, by=SYSTEM, at=AT)

    def names(query):
        return {row["name"] for row in client.get(f"{URL}?{query}").json()["results"]}

    assert "Thanksgiving Day" in names("person=me")
    assert "Thanksgiving Day" not in names(f"person={people.user().pk}")
    assert names("since=2026-05-01") >= {"Labor Day", "Good Friday"}


def test_the_list_is_read_in_pages(client, ada):
    url, found = f"{URL}?limit=4", []
    while url:
        page = client.get(url).json()
        found += [row["date"] for row in page["results"]]
        url = page["next"]

    assert found == [row["date"] for row in client.get(URL).json()["results"]]
    assert len(found) == page["count"] == 9


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=soon", "since"),
        ("person=ana", "person"),
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("after=now", "after"),
        ("before=2026-12-24", "before"),
    ],
)
def test_a_bad_query_is_refused_by_name(client, ada, query, field):
    answer = client.get(f"{URL}?{query}")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"date": "24.12.2026", "name": "Eve"}, 400, "date"),
        ({"date": "2026-12-24"}, 400, "name"),
        ({"date": "2026-12-24", "name": " "}, 400, "name"),
        ({"date": "0001-12-24", "name": "Eve"}, 422, "date"),
        ({"date": "2026-12-31", "name": "Again"}, 422, "date"),
    ],
)
def test_a_bad_day_is_refused_by_field(client, ada, body, status, field):
    organisations.add_day_off(date=date(2026, 12, 31), name="New Year's Eve", by=SYSTEM, at=AT)

    answer = client.post(URL, body, content_type=JSON)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


def test_the_list_takes_as_many_queries_for_three_own_days_as_for_one(client, ada):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        return len(queries)

    for_none = statements()
    for day in (1, 2, 3):
        organisations.add_day_off(date=date(2026, 12, day), name="Own", by=SYSTEM, at=AT)

    assert statements() == for_none


def test_the_settings_page_shows_adds_and_removes_days_off(client, ada):
    page = reverse("people:settings")
    assert b"Christmas Day" in client.get(page).content

    assert client.post(reverse("people:day_off_add"), EVE).status_code == 303
    assert b"Remove Christmas Eve" in client.get(page).content
    assert client.post(reverse("people:day_off_add"), EVE).status_code == 422
    remove = reverse("people:day_off_remove", args=["2026-12-24"])
    assert client.post(remove).status_code == 303
    assert client.post(remove).status_code == 422
    assert Organisation.objects.get().own_days_off == {}


def test_a_place_without_known_holidays_is_refused_on_the_pages(client, ada, organisation):
    answer = client.post(
        reverse("people:account"),
        {"name": "Ada", "theme": "light", "country": "DE", "subdivision": "XX", "version": ada.version},
    )

    assert answer.status_code == 422
    assert b"Use one of BB, BE" in answer.content
    assert User.objects.get(pk=ada.pk).country == ""
