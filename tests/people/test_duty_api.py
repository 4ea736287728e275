"""Duty rosters through the API."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event
from kit.actor import SYSTEM
from people.models import DutyRoster
from people.operations import person as persons
from people.operations import roster as rosters
from people.states import Role
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db
JSON = "application/json"
URL = "/api/v1/duties"
DAY = timedelta(days=1)


@pytest.fixture
def science():
    people.organisation(time_zone="UTC")
    return people.function("data-science")


@pytest.fixture
def ada(client, science):
    person = people.user("Ada", role=Role.ADMINISTRATOR)
    client.force_login(person)
    return person


@pytest.fixture
def pair(science):
    return [people.user(name, email=f"{name}@example.org", function=science) for name in ("ana", "ben")]


def roster(function, members, **fields) -> DutyRoster:
    values = {"starts_on": AT.date() - DAY, **fields}
    return rosters.add(function=function, people=members, by=SYSTEM, at=AT, **values)


def test_a_roster_is_set_up_read_changed_and_ended(client, ada, science, pair):
    ana, ben = pair
    body = {"function": "data-science", "people": ["ana@example.org", ben.pk], "starts_on": "2026-11-23"}
    made = client.post(URL, body, content_type=JSON)
    row = made.json()

    assert (made.status_code, made["Location"]) == (201, f"{URL}/{row['id']}")
    assert (row["people"], row["length_days"], row["hand_over_at"]) == ([ana.pk, ben.pk], 7, "09:00:00")
    assert row["now"]["person_name"] == "ana"
    assert [one["person_id"] for one in row["upcoming"][:4]] == [ana.pk, ben.pk, ana.pk, ben.pk]
    url, tag = f"{URL}/data-science", {"If-Match": made["ETag"]}
    assert client.get(url).json() == row
    change = {"people": ["ben@example.org", "ana@example.org"], "length_days": 1}
    assert client.patch(url, change, content_type=JSON).status_code == 428
    changed = client.patch(url, change, content_type=JSON, headers=tag)
    assert (changed.status_code, changed.json()["now"]["person_name"]) == (200, "ben")
    assert client.delete(url, headers=tag).status_code == 412
    assert client.delete(url, headers={"If-Match": changed["ETag"]}).status_code == 204
    assert client.get(url).status_code == 404
    verbs = Event.objects.filter(subject=science.subject, verb__contains="roster").order_by("pk")
    assert [verb.rpartition("_")[2] for verb in verbs.values_list("verb", flat=True)] == [
        "added",
        "changed",
        "ended",
    ]


def test_only_administrators_change_rosters(client, science, pair):
    made = roster(science, pair)
    client.force_login(pair[0])

    assert client.post(URL, {}, content_type=JSON).status_code == 403
    assert client.patch(f"{URL}/{made.pk}", {}, content_type=JSON).status_code == 403
    assert client.get(f"{URL}/{made.pk}").json()["now"]["person_id"] == pair[0].pk


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"people": []}, (422, "people")),
        ({"people": ["ana@example.org", "ana@example.org"]}, (422, "people")),
        ({"people": ["vic@example.org"]}, (422, "people")),
        ({"people": ["other@example.org"]}, (422, "people")),
        ({"people": ["nobody@example.org"]}, (400, "people[0]")),
        ({"length_days": 0}, (400, "length_days")),
        ({"starts_on": "0001-01-01"}, (422, "starts_on")),
        ({"hand_over_at": "late"}, (400, "hand_over_at")),
        ({"function": "alchemy"}, (400, "function")),
        ({"team": "fraud"}, (400, "team")),
    ],
)
def test_a_bad_roster_is_refused_by_field(client, ada, pair, change, refusal):
    people.user("Vic", email="vic@example.org", role=Role.VIEWER, function=pair[0].function)
    people.user("Otto", email="other@example.org")
    body = {"function": "data-science", "people": ["ana@example.org"], "starts_on": "2026-11-23", **change}

    answer = client.post(URL, body, content_type=JSON)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == refusal


def test_a_function_has_one_roster(client, ada, science, pair):
    roster(science, pair)
    body = {"function": "data-science", "people": ["ana@example.org"], "starts_on": "2026-11-23"}

    answer = client.post(URL, body, content_type=JSON)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "function")


def test_the_stand_in_of_an_absent_person_is_on_duty(client, ada, science, pair):
    ana, _ = pair
    roster(science, pair)
    persons.be_away(ana, from_on=AT.date(), until_on=AT.date() + DAY, stand_in=ada, by=SYSTEM, at=AT)

    now = client.get(f"{URL}/data-science").json()["now"]

    assert (now["person_id"], now["instead_of_id"]) == (ada.pk, ana.pk)
    assert now["ends_at"] == "2026-11-25T00:00:00Z"


def test_before_its_first_turn_nobody_is_on_duty(client, ada, science, pair):
    roster(science, pair, starts_on=AT.date() + DAY)

    row = client.get(f"{URL}/data-science").json()

    assert set(row["now"].values()) == {None}
    assert row["upcoming"][0]["person_id"] == pair[0].pk


def test_rosters_are_filtered_by_function_and_person(client, ada, science, pair):
    of_science = roster(science, pair)
    product = people.function("product")
    eve = people.user("Eve", function=product)
    of_product = roster(product, [eve])

    def ids(query):
        return [row["id"] for row in client.get(f"{URL}?{query}").json()["results"]]

    assert ids("") == [of_science.pk, of_product.pk]
    assert ids("function=product") == ids(f"person={eve.pk}") == [of_product.pk]
    assert ids("person=me") == []
    assert client.get(f"{URL}?person=eve").status_code == 400


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, ada, science, pair):
    roster(science, pair, starts_on=date(2026, 11, 1))

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        return len(queries)

    statements()
    for_one = statements()
    for slug in ("product", "security"):
        function = people.function(slug)
        roster(function, [people.user(function=function)])

    assert statements() == for_one
