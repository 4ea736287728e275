"""Names are listed as people sort them, in every script, on pages and by API, page by page."""

import pytest

from kit.actor import SYSTEM
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from people.models import User
from people.operations import team as teams
from tests.conftest import AT
from tests.factories import actions, people

pytestmark = pytest.mark.django_db

# As a dictionary has them. Zoe\u0308 is Zoë in two code points, which the door composes.
SORTED = [
    "Åsa", "Émile", "Eva", "Łukasz", "Mia", "Øystein", "Özil", "Straße", "strasse", "Zoe", "Zoë", "Δάφνη",
    "Ибо", "Йод", "Ким", "김", "风",
]  # fmt: skip


def everybody() -> list[User]:
    return [people.user(name, email=f"p{number}@example.org") for number, name in enumerate(reversed(SORTED))]


def test_people_are_ordered_as_in_a_dictionary_and_backwards():
    everybody()

    assert list(User.objects.order_by(*BY_NAME).values_list("name", flat=True)) == SORTED
    assert list(User.objects.order_by(*BY_NAME_BACKWARDS).values_list("name", flat=True)) == SORTED[::-1]


@pytest.mark.parametrize("name", ["Zoe\u0308", "ZOE", "zoë"])
def test_accents_case_and_composition_do_not_matter_for_a_comparison(name):
    zoe = people.user("Zoë", email="zoe@example.org")

    assert User.objects.get(name__collated=name) == zoe
    assert User.objects.get(name__collated__contains=name[1:]) == zoe


def test_a_walk_by_cursor_finds_each_name_once_in_order(client):
    client.force_login(everybody()[0])
    found, url = [], "/api/v1/people?order=name&limit=1"
    while url:
        page = client.get(url).json()
        found += [row["name"] for row in page["results"]]
        url = page["next"]

    assert found == SORTED


@pytest.mark.parametrize("order", ["name", "-name"])
def test_the_page_of_people_is_in_this_order(client, order):
    client.force_login(everybody()[0])
    html = client.get(f"/people/?order={order}").content.decode().partition("<tbody")[2]
    places = [html.index(f">{name}<") for name in SORTED]

    assert places == sorted(places, reverse=order.startswith("-"))


def test_a_person_is_found_without_the_accent(client):
    client.force_login(everybody()[0])

    rows = client.get("/api/v1/people?q=ozil").json()["results"]

    assert [row["name"] for row in rows] == ["Özil"]


def test_titles_are_sorted_like_names(client):
    client.force_login(people.user())
    for title in ("Zahl", "Öl", "Ofen"):
        actions.action(title)

    rows = client.get("/api/v1/actions?order=title").json()["results"]

    assert [row["title"] for row in rows] == ["Ofen", "Öl", "Zahl"]


def test_choices_of_forms_are_sorted_like_lists(client):
    client.force_login(people.user())
    for name in ("Zahl", "Öl", "Ofen"):
        teams.add(name=name, by=SYSTEM, at=AT)

    html = client.get("/models/new/").content.decode()

    assert html.index(">Ofen<") < html.index(">Öl<") < html.index(">Zahl<")
