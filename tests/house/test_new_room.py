"""A new room is a folder, templates, and a line in a few files of riskhub (docs/house.md describes it).

tests/notebook is such a room: one kind, two events, list, page with comments, form, API resource, search and
inbox.
The fixture mounts it only through the registries that those lines fill.
"""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.db import connections
from django.test import override_settings

from history import guard, relay
from history.models import Event
from kit import kinds, references, rights
from kit.actor import Actor
from notices.models import Entry
from riskhub import flows, shell
from tests.factories import people
from tests.house.test_templates import CODE, TEMPLATES

ROOT = Path(__file__).resolve().parents[2]
# What a new room changes outside its folder, templates and tests, as the fixture does: INSTALLED_APPS,
# the addresses of pages and resources, the place in the navigation.
TOUCHED = ("riskhub/settings.py", "riskhub/urls.py", "riskhub/shell.py")


_permissions: dict = {}


@pytest.fixture
def mounted(transactional_db, monkeypatch):
    """Mount the room in the running application. The database is created again afterwards."""
    of_the_house = settings.TEMPLATES[0]
    folders = [*of_the_house["DIRS"], ROOT / "tests/notebook/templates"]
    place = shell.NavigationLink("Notes", "pencil", "notebook:note_list", "g n")
    monkeypatch.setattr(shell, "PLACES", (*shell.PLACES, place))
    with override_settings(
        INSTALLED_APPS=["riskhub", "tests.notebook.apps.NotebookConfig", *settings.INSTALLED_APPS[1:]],
        ROOT_URLCONF="tests.notebook.mounted_urls",
        TEMPLATES=[{**of_the_house, "DIRS": folders}],
    ):
        with connections["owner"].schema_editor() as editor:
            editor.execute("CREATE SEQUENCE history_reference_n")
            editor.create_model(apps.get_model("notebook", "Note"))
        guard.after_migrate(using="owner")
        rights._predicates.update(_permissions)  # its module registers them at its first import only
        yield
    _permissions.update({name: rights._predicates.pop(name) for name in rights.names() if "notebook" in name})
    apps.get_app_config("riskhub").ready()  # the declarations without those of the room


@pytest.fixture
def ana():
    people.organisation()
    return people.user("Ana")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_house_declares_what_the_room_declares(mounted):
    assert kinds.find("note").plural == "Notes"
    assert references.is_reference("n-1")
    assert "notebook.note_added" in flows.wiring._subscribed
    assert [str(fault) for fault in run_checks() if fault.id != "templates.E002"] == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_note_is_created_listed_found_notified_and_recorded(mounted, ana, client, at):
    reader = people.user("Rita Reader")
    client.force_login(ana)

    page = client.get("/notes/new/").content.decode()
    key = page.split('name="once" value="')[1].split('"')[0]
    answer = client.post("/notes/new/", {"title": "Caps hold", "reader": reader.pk, "once": key}, follow=True)
    assert (answer.status_code, "Caps hold" in answer.content.decode()) == (200, True)
    assert "added this note" in answer.content.decode()  # the timeline line
    assert 'name="text"' in answer.content.decode()  # the composer of comments

    assert "N-1 Caps hold" in client.get("/notes/").content.decode()
    assert 'href="/notes/"' in client.get("/notes/").content.decode()  # the navigation
    (row,) = client.get("/api/v1/notes").json()["results"]
    assert (row["reference"], row["title"], row["state"]) == ("N-1", "Caps hold", "open")
    assert client.get("/api/v1/notes/N-1").json()["id"] == row["id"]
    groups = client.get("/search/", {"q": "caps"}).context["groups"]
    results = [(group.heading, row.title, row.url) for group in groups for row in group.results]
    assert results == [("Notes", "Caps hold", "/notes/N-1/")]

    relay.relay()
    assert Entry.objects.get(user=reader).why == "You are asked to read it"
    client.force_login(reader)
    assert "added this note" in client.get("/notices/").content.decode()  # the inbox line

    from tests.notebook import operations  # importable while the room is mounted

    note = apps.get_model("notebook", "Note").objects.get()
    operations.close(note, reason="All read it.", by=Actor(reader, "page"), at=at)
    assert "closed this note: All read it." in client.get("/notes/N-1/").content.decode()
    assert Event.objects.get(verb="notebook.note_closed").data["reason"] == "All read it."


def test_nothing_else_of_the_house_knows_the_room():
    """docs/house.md names the same files, and no module or template mentions this room."""
    walk = (ROOT / "docs/house.md").read_text().split("## How to add a room")[1].split("\n## ")[0]

    assert [path for path in TOUCHED if f"`{path}`" not in walk or not (ROOT / path).is_file()] == []
    assert [path for path, text in CODE.items() if "notebook" in text.lower()] == []
    assert [path for path in TEMPLATES if "notebook" in path.read_text().lower()] == []
