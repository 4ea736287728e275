"""A service account is in no list, choice, turn, mail or digest of people: it is no colleague.

The world has one that a person is responsible for. Here it acts wherever its role lets it, and other people
name it. Pages and lists that show it on purpose are listed in SHOWN. test_addresses.py, which requests every
address anyway, checks for COLLEAGUES that no other page and no other list shows it.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import Meeting
from notices.models import Digest, Entry, Message
from people import queries as people
from people.models import User
from people.operations import roster
from rest.fields import Body, Visible
from riskhub import schedule
from risklog.models import Reviewer
from talk.models import Watch
from talk.operations import comment as comments
from tests.conftest import AT
from tests.house import addresses
from tests.house.asking import ask, client_of, content
from tests.house.world import ROBOT, World, build

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
NOW = AT + timedelta(minutes=10)
# The roles whose pages must not show it.
COLLEAGUES = {"owner", "manager", "administrator"}
# They show who did something, or the account itself.
SHOWN = {
    "people:service_account_list",
    "people:service_account_detail",
    "people:service_account_edit",
    "api/service-accounts",
    "api/service-accounts/<str:key>",
    "api/service-accounts/<str:key>/tokens",
    "api/tokens",
    "api/events",
    "hand_over",  # for the person who is responsible
    "api/people/<str:key>/holdings",
}
# The only modules that read people and service accounts together.
TOGETHER = {
    "people/api/token.py",  # the sender of a request
    "people/models/person.py",
    "people/operations/person.py",  # handles and addresses are unique among all
    "risklog/operations/import_run.py",  # the author of an import
    "signals/operations/registry_webhook.py",  # the owner of a source
}


@pytest.fixture(scope="module")
def prepared_world(prepared):
    return prepared("world", NOW, build)


@pytest.fixture
def world(prepared_world, move_clock) -> World:
    move_clock(NOW)
    return prepared_world()


def test_the_pages_that_show_it_do(world):
    client, missing = client_of(world, "administrator"), []
    for address in [*addresses.pages(), *addresses.resources()]:
        if address.name in SHOWN - {"hand_over", "api/people/<str:key>/holdings", "api/events"}:
            answer = ask(client, "GET", address.url_of(world, world.open), is_api=address.is_api)
            if ROBOT not in content(answer).decode():
                missing.append(address.name)

    assert missing == []


def _bodies(kind: type) -> Iterator[type]:
    for one in kind.__subclasses__():
        yield one
        yield from _bodies(one)


def _fields(body: type) -> Iterator[tuple[str, Visible]]:
    for name, field in body._declared_fields.items():
        of = getattr(field, "child", field)
        if isinstance(of, Visible) and of.what == "person":
            yield name, of


def test_no_body_of_the_api_can_name_it(world):
    robot, boss = world.extra["robot"], world.people["administrator"]
    found = {(body.__name__, name): field for body in _bodies(Body) for name, field in _fields(body)}

    assert len(found) > 15
    assert [key for key, field in found.items() if field.visible_rows(boss).filter(pk=robot.pk)] == []


def test_it_gets_no_turn_no_review_and_no_duty(world):
    robot = world.extra["robot"]
    with pytest.raises(Refused):
        roster.change(world.extra["roster"], {"people": [robot]}, by=SYSTEM, at=AT)

    assert robot.pk not in {person.pk for person in people.people()}
    assert robot.pk not in {person.pk for person in people.present_on(AT.date())}
    assert not Meeting.objects.filter(facilitator=robot).exists()
    assert not Meeting.objects.filter(scribe=robot).exists()
    assert not Reviewer.objects.filter(user=robot).exists()


def test_it_is_told_nothing_by_mail_inbox_or_digest(world, move_clock):
    robot, owner = world.extra["robot"], world.people["owner"]
    category = world.extra["risklog:category"].slug
    client: Client = client_of(world, "token_service")

    def send(path, body):
        return client.post(f"/api/v1/{path}", body, content_type="application/json")

    risk = send("risks", {"title": "Scores drift", "category": category, "owner": owner.email}).json()
    assert send("actions", {"title": "Cap", "about": risk["reference"]}).status_code == 201
    assert send("comments", {"about": risk["reference"], "text": "Seen again."}).status_code == 201
    about = world.open.risk.subject
    made = comments.add(about=about, text=f"@{robot.handle} look", by=Actor(owner, "page"), at=NOW)
    for days in (0, 1, 8):
        move_clock(NOW + timedelta(days=days))
        schedule.tick(NOW + timedelta(days=days))

    assert made.mentioned == []
    assert not Watch.objects.filter(user=robot).exists()
    assert not Entry.objects.filter(user=robot).exists()
    assert not Message.objects.filter(user=robot).exists()
    assert not Digest.objects.filter(user=robot).exists()
    assert Entry.objects.filter(user=owner, event__actor=robot.subject_id).exists()  # they were told about it


def test_code_reads_people_and_service_accounts_together_only_where_it_must():
    modules = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("*/**/*.py")
        if not path.parts[len(ROOT.parts)].startswith(".") and path.parts[len(ROOT.parts)] != "tests"
        if re.search(r"\bUser\.(everyone|_base_manager)\b|everyone = models", path.read_text())
    }

    assert modules == TOGETHER
    assert not User.objects.filter(is_service=True).exists()
