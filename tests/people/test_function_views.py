"""The page of a function: who is on duty, and its roster."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit.actor import SYSTEM
from people.models import DutyRoster
from people.operations import roster as rosters
from people.states import Role
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db


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


def address(name, function):
    return reverse(f"people:{name}", args=[function.pk])


FORM = {
    "people": "ben@example.org\n\n ANA@example.org ",
    "starts_on": "2026-11-22",
    "length_days": "7",
    "hand_over_at": "09:00",
}


def test_a_roster_is_added_shown_changed_and_ended(client, ada, science, pair):
    page = address("function_detail", science)
    assert b"No duty roster" in client.get(page).content

    assert client.post(address("roster_add", science), FORM).status_code == 303
    made = DutyRoster.objects.get()
    assert made.people == [pair[1].pk, pair[0].pk]
    shown = client.get(page)
    assert shown.context["now"].person == pair[1]
    assert len(shown.context["plan"]) == 5

    change = {**FORM, "people": "ana@example.org"}
    url = address("roster_change", science)
    assert client.post(url, change).status_code == 428
    assert client.post(url, {**change, "version": made.version}).status_code == 303
    assert client.post(url, {**FORM, "version": made.version}).status_code == 409
    made.refresh_from_db()
    assert made.people == [pair[0].pk]
    assert client.post(address("roster_end", science), {"version": made.version}).status_code == 303
    assert not DutyRoster.objects.exists()


@pytest.mark.parametrize(
    ("field", "text"), [("people", "nobody@example.org"), ("people", " "), ("length_days", "91")]
)
def test_a_bad_roster_is_shown_again_with_the_error(client, ada, pair, field, text):
    answer = client.post(address("roster_add", pair[0].function), {**FORM, field: text})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_members_see_the_page_without_forms(client, science, pair):
    rosters.add(function=science, people=pair, starts_on=AT.date() - timedelta(days=1), by=SYSTEM, at=AT)
    client.force_login(pair[0])

    shown = client.get(address("function_detail", science))

    assert (shown.status_code, "form" in shown.context) == (200, False)
    assert client.post(address("roster_add", science), FORM).status_code == 403


def test_the_page_takes_as_many_queries_for_three_people_as_for_one(client, ada, science):
    first = people.user(function=science)
    made = rosters.add(function=science, people=[first], starts_on=AT.date(), by=SYSTEM, at=AT)

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address("function_detail", science)).status_code == 200
        return len(queries)

    statements()
    for_one = statements()
    more = [people.user(function=science) for _ in range(2)]
    rosters.change(made, {"people": [first, *more]}, by=SYSTEM, at=AT)

    assert statements() == for_one
