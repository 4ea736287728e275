"""Webhooks get each event that is written while their endpoint is active, once."""

from datetime import timedelta
from threading import Event as Signal
from threading import Thread

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from history import claims, relay
from history import operations as history
from history.models import Event, Handover
from history.states import Work
from kit.actor import SYSTEM
from notices.models import WebhookDelivery
from notices.operations import delivery
from notices.operations import endpoint as endpoints
from people.states import Role
from tests.conftest import AT
from tests.factories import people, risks

CHANGED = "people.team_changed"
HANDOVERS = Handover.objects.filter(handler=delivery.ADD)


@pytest.fixture
def owner():
    people.organisation(time_zone="UTC")
    return people.user("Ada", role=Role.ADMINISTRATOR)


@pytest.fixture
def team():
    return people.team("Fraud")


def endpoint(owner, **fields):
    values = {"name": "Ops", "url": "https://example.org/hook", "verbs": [CHANGED], "owner": owner, **fields}
    return endpoints.add(**values, by=SYSTEM, at=AT)


def rename(team, name) -> Event:
    event = history.change(team, {"name": name}, by=SYSTEM, at=AT)
    assert event is not None
    return event


def retitle(risk, title) -> Event:
    event = history.change(risk, {"title": title}, by=SYSTEM, at=AT)
    assert event is not None
    return event


def set_active(made, is_active):
    endpoints.change(made, {"is_active": is_active}, by=SYSTEM, at=AT)


def delivered(made) -> set[int]:
    return set(WebhookDelivery.objects.filter(endpoint=made).values_list("event_id", flat=True))


@pytest.mark.django_db
def test_only_an_event_that_an_active_endpoint_has_chosen_costs_a_handover(owner, team):
    def statements(name) -> int:
        with CaptureQueriesContext(connection) as queries:
            rename(team, name)
        return len(queries)

    statements("Warm-up")
    without = statements("Before")
    made = endpoint(owner)
    with_one = statements("While it is active")
    set_active(made, False)
    statements("While it is paused")
    endpoint(owner, verbs=["people.member_added"])
    statements("Chosen by nobody")

    assert with_one == without
    assert HANDOVERS.count() == 1


@pytest.mark.django_db
def test_an_event_without_other_handlers_is_handed_over_too(owner):
    made = endpoint(owner, verbs=["people.team_added"])
    added = Event.objects.get(subject=people.team("Credit").subject, verb="people.team_added")

    relay.relay(at=AT)

    assert list(Handover.objects.filter(event=added).values_list("handler", flat=True)) == [delivery.ADD]
    assert delivered(made) == {added.pk}


@pytest.mark.django_db
def test_an_endpoint_gets_the_events_of_the_times_when_it_is_active(owner, team):
    rename(team, "Before it was added")
    made = endpoint(owner)
    other = endpoint(owner, name="Always active")
    handed = rename(team, "Handed over before the pause")
    relay.relay(at=AT)
    waiting = rename(team, "Waits when the pause begins")
    set_active(made, False)
    paused = rename(team, "In the pause")
    set_active(made, True)
    last = rename(team, "After the pause")

    relay.relay(at=AT)

    assert delivered(made) == {handed.pk, waiting.pk, last.pk}
    assert delivered(other) == {handed.pk, waiting.pk, paused.pk, last.pk}


@pytest.mark.django_db
def test_an_event_that_waits_at_the_second_pause_is_not_of_the_first(owner, team):
    made = endpoint(owner)
    endpoint(owner, name="Always active")
    set_active(made, False)
    rename(team, "In the first pause")
    set_active(made, True)
    active = rename(team, "Between the pauses")
    set_active(made, False)

    assert delivered(made) == {active.pk}


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_committed_late_is_delivered(owner):
    """Its id is smaller than that of an event that is delivered before."""
    made = endpoint(owner, verbs=["risklog.risk_changed"])
    first, second = risks.risk(), risks.risk()
    written, may_commit, ids = Signal(), Signal(), []

    def write_and_wait():
        try:
            with transaction.atomic():
                ids.append(retitle(first, "Late").pk)
                written.set()
                may_commit.wait(10)
        finally:
            connection.close()

    late = Thread(target=write_and_wait)
    late.start()
    assert written.wait(10)
    early = retitle(second, "Early")
    relay.relay(at=AT)
    assert delivered(made) == {early.pk}
    may_commit.set()
    late.join()

    relay.relay(at=AT)

    assert ids[0] < early.pk
    assert delivered(made) == {ids[0], early.pk}


@pytest.mark.django_db
def test_a_worker_that_is_killed_during_the_handover_loses_and_repeats_nothing(owner, team):
    made = endpoint(owner)
    event = rename(team, "New name")
    rows = claims.claim(HANDOVERS.select_related("event__subject"), has_outside_effect=False)
    Handover.objects.filter(state=Work.CLAIMED).update(lease_until=Now() - timedelta(seconds=1))

    relay.relay(at=AT)
    assert delivered(made) == {event.pk}
    (dead,) = rows
    assert relay.hand_over(dead, at=AT).done == 0  # the killed worker runs again

    assert WebhookDelivery.objects.count() == 1


@pytest.mark.django_db
def test_events_of_one_batch_are_handed_over_together(owner):
    teams = [people.team(name) for name in ("Fraud", "Credit", "Pricing")]
    made = endpoint(owner)

    events = history.change_many(
        [(team, {"name": f"{team.name} ML"}) for team in teams], by=SYSTEM, at=AT, verb=CHANGED
    )
    relay.relay(at=AT)

    assert delivered(made) == {event.pk for event in events}
