"""The Atom feed at a secret address, for feed readers without a session."""

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from learnings.models import FeedAddress
from learnings.operations import feed_address as operations
from people.operations import person as persons
from riskhub import schedule
from tests.factories import actions, learnings, people
from tests.moments import AT

pytestmark = pytest.mark.django_db
PAGE = "/learnings/feeds/"
TITLE = "{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}title"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def path_of(secret: str) -> str:
    return reverse("learnings:feed_at_address", args=[secret])


def subscribed(person) -> str:
    return path_of(operations.add(person, by=SYSTEM, at=AT)[1])


def titles_at(path: str) -> list:
    answer = Client().get(path)
    assert answer.status_code == 200
    return [one.text for one in ElementTree.fromstring(answer.content).findall(TITLE)]  # noqa: S314 - our own feed


def test_the_address_needs_no_session_and_shows_what_its_owner_may_see_now(ana):
    team, root = people.team(), actions.action("Root")
    learnings.published("Open")
    learnings.published("Of the root", about=root.subject)
    learnings.published("Canary", viewers=[team.subject_id])
    path = subscribed(ana)
    assert titles_at(path) == ["Of the root", "Open"]

    history.restrict(root.subject, [team.subject_id])
    assert titles_at(path) == ["Open"]
    people.member(team, ana)

    assert titles_at(path) == ["Canary", "Of the root", "Open"]


def test_an_unchanged_feed_is_answered_with_304(ana):
    learnings.published()
    path = subscribed(ana)
    first = Client().get(path)
    again = Client().get(path, headers={"If-None-Match": first["ETag"]})
    learnings.published()
    changed = Client().get(path, headers={"If-None-Match": first["ETag"]})

    assert first["Content-Type"].startswith("application/atom+xml")
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200


def test_it_ends_at_leaving_for_good_and_with_a_link_for_a_new_password(ana):
    for leave in (persons.deactivate, persons.note_link):
        person = people.user()
        path = subscribed(person)
        leave(person, by=SYSTEM, at=AT)
        schedule.act(AT)
        if not person.is_active:
            persons.reactivate(person, by=SYSTEM, at=AT)
        assert Client().get(path).status_code == 404


def test_a_deactivated_person_s_address_is_closed_before_any_handler_runs(ana):
    path = subscribed(ana)
    persons.deactivate(ana, by=SYSTEM, at=AT)

    assert Client().get(path).status_code == 404


def test_one_address_a_person_and_only_its_hash_is_stored(ana):
    address, secret = operations.add(ana, by=SYSTEM, at=AT)
    with pytest.raises(Refused):
        operations.add(ana, by=SYSTEM, at=AT)

    address.refresh_from_db()
    assert bytes(address.secret_hash) == operations.hash_of(secret)
    stored = str(list(Event.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert "secret_hash" not in stored


def test_the_page_shows_a_new_address_once_renews_and_ends_it(client, ana):
    shown = client.post(f"{PAGE}new/", {"once": "k1"}).content.decode()
    first = re.search(r"http://[^/]+(/learnings/feeds/[\w-]+\.atom)", shown)[1]
    assert titles_at(first) == []
    assert first not in client.get(PAGE).content.decode()

    shown = client.post(f"{PAGE}{FeedAddress.objects.get().pk}/renew/", {"once": "k2"}).content.decode()
    second = re.search(r"http://[^/]+(/learnings/feeds/[\w-]+\.atom)", shown)[1]
    assert Client().get(first).status_code == 404
    assert titles_at(second) == []

    live = FeedAddress.objects.get(ended_at=None)
    client.force_login(people.user("Eve"))
    assert client.post(f"{PAGE}{live.pk}/end/").status_code == 404
    client.force_login(ana)
    assert client.post(f"{PAGE}{live.pk}/end/").status_code == 303
    assert Client().get(second).status_code == 404


def test_reading_is_noted_once_an_hour(ana, move_clock):
    path = subscribed(ana)
    for minutes in (0, 30, 70):
        move_clock(AT + timedelta(minutes=minutes))
        Client().get(path)
        noted = FeedAddress.objects.get().last_read_at
        assert noted == (AT if minutes < 60 else AT + timedelta(minutes=70))


def test_it_costs_the_same_at_one_and_three_rows(ana):
    path, counts = subscribed(ana), []
    for _ in range(2):
        learnings.published()
        with CaptureQueriesContext(connection) as found:
            Client().get(path)
        counts.append(len(found))
        learnings.published()

    assert counts[0] >= counts[1]
