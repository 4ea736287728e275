"""Polls of the live page: readers who see and may do the same share an answer, and nobody else gets it."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from actions.operations import action as actions
from kit.actor import SYSTEM, Actor
from meetings.operations import control
from meetings.operations import item as items
from meetings.queries import glance
from meetings.views import live
from people.operations import auditor
from people.states import Role
from risklog.models import Risk
from risklog.operations import risk as risks
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risks as make_risks

pytestmark = pytest.mark.django_db
FOR_ONE_READER = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|now="[^"]+"')


@pytest.fixture
def crew():
    people.organisation()
    return make.crew()


@pytest.fixture
def meeting(crew, move_clock):
    """A live meeting that the first of the crew controls. An item about a risk is current."""
    team, (ana, _) = crew
    meeting = make.live(make.series(team))
    meeting = control.give(meeting, to=ana, by=Actor(ana, "page"), at=meeting.starts_at)
    items.take_up(
        make.item(meeting, title="Canary", about=make_risks.risk().subject), by=SYSTEM, at=meeting.starts_at
    )
    make.item(meeting, title="Second")
    move_clock(meeting.starts_at + timedelta(minutes=1))
    return meeting


def reader(person) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    return client


def poll(client: Client, meeting, **query):
    current = meeting.items.get(state="current")
    url = f"/meetings/{meeting.reference}/pulse/"
    return client.get(url, {"shown": current.pk} | query, headers={"HX-Request": "true"})


def text_of(answer) -> str:
    """Return the text of an answer, without what belongs to one reader."""
    return FOR_ONE_READER.sub("", answer.content.decode())


def test_each_reader_gets_what_a_page_of_their_own_would_show(crew, meeting):
    """Whoever polls first: nobody gets the buttons of another."""
    team, (ana, ben) = crew
    elsewhere = people.user(time_zone="Asia/Tokyo")
    readers = [ana, ben, people.user(teams=[team]), people.user(role=Role.VIEWER), elsewhere]
    for person in readers:
        poll(reader(person), meeting)  # they arrive, which changes the page
    own = {}
    for person in readers:
        cache.clear()
        own[person] = text_of(poll(reader(person), meeting))

    assert len(set(own.values())) >= 3  # who controls, who may take control, who reads
    # The key of a form that creates something is for one reader: two with one key would write once.
    assert not any('name="once"' in text for text in own.values())
    for first in (readers, readers[::-1]):
        cache.clear()
        for person in first:
            assert text_of(poll(reader(person), meeting)) == own[person], person


def test_a_part_of_the_page_is_not_shared_with_whoever_opens_the_whole_page(crew, meeting):
    _, (ana, _) = crew
    client = reader(ana)
    poll(client, meeting)
    part = poll(client, meeting)

    whole = client.get(part.wsgi_request.get_full_path())

    assert ("<!doctype html>" in part.text, "<!doctype html>" in whole.text) == (False, True)


def test_an_answer_is_rendered_once_for_all_who_may_do_the_same(crew, meeting):
    team, (_, ben) = crew
    readers = [reader(ben), reader(people.user(teams=[team]))]
    for client in [*readers, readers[0]]:  # the last one sees that both arrived
        poll(client, meeting)

    with CaptureQueriesContext(connection) as found:
        answer = poll(readers[1], meeting)

    assert "Canary" in answer.content.decode()
    of_items = [query["sql"] for query in found if '"meetings_agendaitem"."title"' in query["sql"]]
    assert len(of_items) == 1  # of this test, in poll()


def test_a_change_is_seen_at_once(crew, meeting):
    client = reader(crew[1][1])
    assert "Written now" not in text_of(poll(client, meeting))

    current = meeting.items.get(state="current")
    items.note(current, notes="Written now", by=SYSTEM, at=meeting.starts_at)

    assert "Written now" in text_of(poll(reader(people.user(role=Role.VIEWER)), meeting))
    assert "Written now" in text_of(poll(client, meeting))


def test_the_forms_have_the_token_of_their_reader(crew, meeting):
    team, (_, ben) = crew
    client = reader(people.user(teams=[team]))
    for one in (client, reader(ben)):
        poll(one, meeting)

    form = poll(client, meeting).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
    version = re.search(r'name="version" value="(\d+)"', form)[1]
    url = reverse("meetings:meeting_take_control", args=[meeting.reference])
    posted = client.post(url, {"csrfmiddlewaretoken": token, "version": version})

    assert posted.status_code == 303


def test_whoever_does_not_see_all_gets_an_answer_of_their_own(crew, meeting):
    """An item is restricted while everybody has the page open. No minute passes before it is hidden."""
    team, (ana, ben) = crew
    insiders = people.team()
    people.member(insiders, ana)
    risk = Risk.objects.get(subject=meeting.items.get(state="current").about)
    for person in (ana, ben):
        assert "Canary" in text_of(poll(reader(person), meeting))

    risks.restrict(risk, teams=[insiders], by=SYSTEM, at=meeting.starts_at)

    for person, may_see in ((ana, True), (ben, False), (ana, True), (people.user(teams=[team]), False)):
        assert ("Canary" in text_of(poll(reader(person), meeting))) is may_see


@pytest.mark.parametrize("of", ["an item", "a decision", "an action"])
def test_everything_on_the_page_counts_as_hidden_from_a_reader(crew, meeting, of):
    _, (ana, ben) = crew
    assert glance.sees_all(meeting.pk, ben)

    secret = make.restricted([ana])
    if of == "an item":
        make.item(meeting, about=secret)
    elif of == "a decision":
        make.decision(meeting=meeting, about=secret)
    else:
        actions.add(
            title="Do", origin=meeting.subject, viewers=[ana.subject_id], by=SYSTEM, at=meeting.starts_at
        )

    assert glance.sees_all(meeting.pk, ana)
    assert not glance.sees_all(meeting.pk, ben)


def test_an_auditor_sees_all(meeting):
    make.item(meeting, title="Secret", about=make.restricted([people.user()]))
    olga = auditor.appoint(
        people.user(role=Role.VIEWER), until=make.AT.date() + timedelta(days=9), by=SYSTEM, at=make.AT
    )
    client = reader(olga)

    seen = text_of(poll(client, meeting))

    assert "Secret" in seen and "Restricted item" not in seen


def test_what_changes_while_an_answer_is_rendered_is_not_shared(crew, meeting, monkeypatch):
    _, (_, ben) = crew
    current = meeting.items.get(state="current")
    rendered = live.respond

    def late(*args, **options):
        answer = rendered(*args, **options)
        items.note(current, notes="Written meanwhile", by=SYSTEM, at=meeting.starts_at)
        monkeypatch.setattr(live, "respond", rendered)
        return answer

    monkeypatch.setattr(live, "respond", late)
    poll(reader(ben), meeting)

    assert "Written meanwhile" in text_of(poll(reader(people.user(role=Role.VIEWER)), meeting))
