"""Addresses that are too long for their column: each way in names the field."""

import pytest
from django.test import Client

from kit.actor import SYSTEM
from kit.refusals import Refused
from people.models import Invitation, User
from people.operations import invitation, person
from people.states import Role
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db
DOMAIN = ".".join(["d" * 60] * 4) + ".example"
LONG = f"{'a' * 20}@{DOMAIN}"  # 272 characters, each part of it allowed


@pytest.fixture
def boss(at):
    people.organisation()
    return people.user("Olu", role=Role.ADMINISTRATOR)


def test_pages_refuse_it_at_the_field(boss, client):
    client.force_login(boss)

    invited = client.post("/people/invitations/new/", {"addresses": LONG, "role": "member"})
    added = client.post("/people/new/", {"name": "Ana", "email": LONG, "role": "member"})

    assert (invited.status_code, added.status_code) == (422, 422)
    assert "is longer than 254 characters" in invited.text
    assert "at most 254 characters" in added.text
    assert not Invitation.objects.exists()


def test_the_sign_up_refuses_it_for_anonymous_people(boss, settings):
    settings.SIGN_UP_DOMAINS = [DOMAIN]

    answer = Client().post("/people/sign-up/", {"email": LONG})

    assert answer.status_code == 422
    assert "at most 254 characters" in answer.text


def test_the_api_names_the_field(boss, client):
    client.force_login(boss)

    answer = client.post("/api/v1/invitations", {"email": LONG}, content_type="application/json")

    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == ["email"]


@pytest.mark.parametrize("way", ["add", "change", "invite", "ask"])
def test_operations_refuse_it(boss, settings, way):
    settings.SIGN_UP_DOMAINS = [DOMAIN]
    ways = {
        "add": lambda: person.add(name="Ana", email=LONG, by=SYSTEM, at=AT),
        "change": lambda: person.change(boss, {"email": LONG}, by=SYSTEM, at=AT),
        "invite": lambda: invitation.invite([LONG], by=SYSTEM, at=AT),
        "ask": lambda: invitation.ask_for_one(LONG, network="203.0.113.0/24", at=AT),
    }

    with pytest.raises(Refused, match="longer than 254") as refused:
        ways[way]()

    assert refused.value.field == ("addresses" if way == "invite" else "email")
    assert not User.objects.filter(email=LONG).exists()
