"""A source that stops sending is told once, to its owner or else to risk managers."""

from datetime import timedelta

import pytest

from history import relay
from history.models import Event
from kit.actor import SYSTEM
from meetings.models import AgendaItem
from meetings.states import ItemState
from people.states import Role
from signals.operations import source as sources
from signals.operations.source_silence import note_silent_sources
from signals.recipients import owner_of_source
from tests.conftest import AT
from tests.factories import meetings, people, signals

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def source():
    values = {"expected_every": HOUR, "owner": people.user("Ana")}
    found = sources.change(signals.source(), values, by=SYSTEM, at=AT)
    sources.note_delivery(found, at=AT, status=202)
    return found


def silences() -> list[Event]:
    return list(Event.objects.filter(verb="signals.source_silent"))


def test_each_silence_is_told_once(source):
    assert note_silent_sources(at=AT + HOUR).done == 0
    assert note_silent_sources(at=AT + 2 * HOUR).done == 1
    assert note_silent_sources(at=AT + 3 * HOUR).done == 0

    source.refresh_from_db()
    sources.note_delivery(source, at=AT + 4 * HOUR, status=202)
    assert note_silent_sources(at=AT + 5 * HOUR).done == 1  # it sends again
    assert note_silent_sources(at=AT + 5 * HOUR).done == 0
    assert note_silent_sources(at=AT + 6 * HOUR).done == 1
    verbs = Event.objects.filter(verb__in=["signals.source_silent", "signals.source_heard"]).order_by("id")
    assert [event.verb.split("_")[1] for event in verbs] == ["silent", "heard", "silent"]


def test_a_source_that_was_back_and_stopped_again_between_two_ticks_is_told_again(source):
    note_silent_sources(at=AT + 2 * HOUR)
    sources.note_delivery(source, at=AT + 3 * HOUR, status=202)

    assert note_silent_sources(at=AT + 9 * HOUR).done == 1

    assert len(silences()) == 2


def test_a_silent_source_is_on_an_agenda_until_it_sends_again(source):
    team = people.team()
    people.member(team, source.owner)
    meetings.series(team)
    note_silent_sources(at=AT + 2 * HOUR)
    relay.relay(at=AT + 2 * HOUR)
    item = AgendaItem.objects.get(about=source.subject)
    assert item.why.startswith("The source has sent nothing since")

    sources.note_delivery(source, at=AT + 3 * HOUR, status=202)
    note_silent_sources(at=AT + 3 * HOUR)
    relay.relay(at=AT + 3 * HOUR)

    item.refresh_from_db()
    assert item.state == ItemState.DONE


def test_a_source_that_never_sent_or_sends_irregularly_is_not_silent(source):
    sources.change(signals.source("new"), {"expected_every": HOUR}, by=SYSTEM, at=AT)
    sources.change(source, {"expected_every": None}, by=SYSTEM, at=AT)

    assert note_silent_sources(at=AT + 99 * HOUR).done == 0


def test_the_owner_is_told_and_without_one_the_risk_managers(source):
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    note_silent_sources(at=AT + 2 * HOUR)
    (event,) = silences()
    assert set(owner_of_source(event)) == {source.owner_id}

    sources.change(source, {"owner": None}, by=SYSTEM, at=AT)

    assert set(owner_of_source(event)) == {manager.pk}
