"""Names are listed as people sort them, in every script, on pages and by API, page by page."""

import pytest

from catalogue.operations import model as models
from kit.actor import SYSTEM, Actor
from lists.collation import BY_NAME, BY_NAME_BACKWARDS, sort_key
from meetings.operations import focus as focuses
from meetings.operations import preview
from meetings.queries.series import roster
from people.models import User
from people.operations import organisation
from people.operations import team as teams
from people.states import Role
from risklog.operations import taxonomy
from signals.operations import source as sources
from signals.states import Adapter
from tests.conftest import AT
from tests.factories import actions, meetings, people, signals

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


def test_rows_sorted_in_python_have_the_same_order():
    keys = [sort_key(name) for name in SORTED]
    assert keys == sorted(keys)


def test_people_told_of_a_changed_series_are_sorted_like_names(client):
    ana = people.user("Ana", role=Role.ADMINISTRATOR)
    client.force_login(ana)
    names = ("Zahl", "Öl", "Ofen")
    crowd = [people.user(name, email=f"p{number}@example.org") for number, name in enumerate(names)]
    series = meetings.series(participants=crowd)

    effects = preview.of_change(series, {"participants": []}, by=Actor(ana, "page"), at=AT)

    assert [person.name for person in effects.leaving] == ["Ofen", "Öl", "Zahl"]


def test_a_filter_finds_a_text_however_it_is_composed(client):
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    signals.series("scorer", metric="caf\u00e9")

    assert client.get("/api/v1/series?metric=cafe%CC%81").json()["count"] == 1


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


NAMED = {
    "teams": lambda name: teams.add(name=name, by=SYSTEM, at=AT),
    "functions": lambda name: organisation.add_function(name=name, by=SYSTEM, at=AT),
    "models": lambda name: models.add(name=name, slug="", by=SYSTEM, at=AT),
    "categories": lambda name: taxonomy.add(name=name, kind="drift", definition="What.", by=SYSTEM, at=AT),
    "sources": lambda name: sources.add(name=name, slug="", adapter=Adapter.POINTS, by=SYSTEM, at=AT),
    "meeting-series": lambda name: meetings.series(people.team(), name=name),
}


@pytest.mark.parametrize("collection", NAMED)
def test_every_collection_by_name_has_this_order_page_by_page(client, collection):
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    names = ["Émile", "Łukasz", "Øystein", "Özil", "Straße", "Zoë", "Ж", "风"]
    for name in reversed(names):
        NAMED[collection](name)

    found, url = [], f"/api/v1/{collection}?order=name&limit=1"
    while url:
        page = client.get(url).json()
        found += [row["name"] for row in page["results"]]
        url = page["next"]

    assert [name for name in found if name in names] == names
    assert len(found) == len(set(found))


def test_the_teams_of_a_series_are_sorted_on_its_page(client):
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    named = [teams.add(name=name, by=SYSTEM, at=AT) for name in ("Zahl", "Öl", "Ofen")]
    series = meetings.series(named[0], teams=named)

    html = client.get(f"/meetings/series/{series.pk}/").content.decode()
    properties = html.partition('id="properties-heading"')[2]

    assert properties.index("Ofen") < properties.index("Öl") < properties.index("Zahl")


def test_the_functions_of_a_focus_are_sorted_on_the_page_of_its_series(client):
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    functions = [organisation.add_function(name=name, by=SYSTEM, at=AT) for name in ("Zahl", "Öl", "Ofen")]
    series = meetings.series()
    focus = focuses.add(series, name="New", kinds=["drift"], functions=functions, by=SYSTEM, at=AT)

    html = client.get(f"/meetings/series/{series.pk}/").content.decode()
    required = html.partition(f'id="focus-{focus.pk}"')[2].partition("Requires")[2].partition("</p>")[0]

    assert required.replace(",", " ").split() == ["ofen", "öl", "zahl"]


def test_functions_without_a_set_order_lead_by_name():
    functions = [organisation.add_function(name=name, by=SYSTEM, at=AT) for name in ("Zahl", "Öl", "Ofen")]
    team = people.team()
    for function in functions:
        people.user(function=function, teams=[team])

    assert roster(meetings.series(team), []).functions == [function.pk for function in reversed(functions)]


def test_an_unknown_function_is_answered_with_the_known_ones_by_name(client):
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    for name in ("Zahl", "Öl", "Ofen"):
        organisation.add_function(name=name, by=SYSTEM, at=AT)

    html = client.post("/meetings/series/new/", {"functions": "Nobody"}).content.decode()
    error = html.partition("The function “Nobody” does not exist.")[2].partition("<")[0]

    assert error.index("Ofen") < error.index("Öl") < error.index("Zahl")
