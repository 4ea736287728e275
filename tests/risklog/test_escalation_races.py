"""Concurrent requests create one review, one escalation, one climb."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections

from history import relay, wiring
from history.models import Due, Event, Subject
from kit.actor import SYSTEM
from riskhub import flows
from risklog.models import Climb, Escalation, Review
from risklog.operations import climb as climbs
from risklog.operations import escalation as escalations
from risklog.operations import escalation_handlers, escalation_pauses, review_handlers
from risklog.operations import review as reviews
from risklog.states import EscalationState, Outcome, Who
from signals.states import SignalKind
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 4
DUES = {
    climbs.CLIMB: climbs.climb,
    climbs.LAPSE: climbs.lapse,
    climbs.PAUSE_END: escalation_pauses.end_pause,
    reviews.REMINDER: reviews.remind,
    reviews.UNANSWERED: reviews.note_unanswered,
}
FLOWS = {
    "signals.breach_group_opened": [review_handlers.on_breach_group_opened],
    "risklog.review_settled": [escalation_handlers.on_review_settled],
}


@pytest.fixture
def wired():
    wiring.install(flows=FLOWS, dues=DUES)
    yield
    flows.install()


def at_once(act):
    """Run `act` in several threads at once. Returns their results and raises their errors."""
    barrier = Barrier(THREADS)

    def run(number):
        try:
            barrier.wait(10)
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_several_triggers_at_once_open_one_review(at):
    make.reviewer("data-science"), make.reviewer("risk-management")
    about = make.breach_group().subject

    def open_it(number):
        return reviews.open_for(
            about=Subject.objects.get(pk=about.pk), title="Drift", kind=SignalKind.DRIFT, why=f"No. {number}",
            by=SYSTEM, at=at,
        ).pk  # fmt: skip

    found = at_once(open_it)

    review = Review.objects.get()
    assert set(found) == {review.pk}
    assert review.triggers == THREADS
    assert review.reviewers.count() == 2
    assert Event.objects.filter(verb="risklog.review_opened").count() == 1


def test_several_starts_at_once_are_one_climb(at):
    owner = people.user()
    about = make.model(developer=owner).subject
    make.ladder((Who.OWNER, 60, None), (Who.TEAM_LEAD, 60, None))

    found = at_once(lambda number: make.escalation(about=about, why=f"No. {number}").pk)

    assert len(set(found)) == 1
    assert Climb.objects.count() == 1
    assert Event.objects.filter(verb="risklog.escalation_annotated").count() == THREADS - 1


def test_ticks_at_once_climb_once(at, wired):
    owner, lead = people.user(), people.user()
    make.ladder((Who.OWNER, 60, None), (Who.TEAM_LEAD, 60, None), (Who.PERSON, 60, {"person": people.user()}))
    models = [make.model(developer=owner, owner_team=people.team(lead=lead)) for _ in range(5)]
    for one in models:
        make.escalation(about=one.subject)
    later = at + timedelta(hours=1)

    at_once(lambda number: relay.act_on_dues(at=later))
    at_once(lambda number: relay.act_on_dues(at=later))

    assert set(Escalation.objects.values_list("rung", flat=True)) == {2}
    assert Climb.objects.count() == 10
    assert Event.objects.filter(verb="risklog.escalation_climbed").count() == 10
    assert not Due.objects.exclude(state="done").filter(at__lte=later).exists()


def test_a_tick_and_a_resolution_at_once_leave_nothing_to_fire(at, wired):
    make.ladder((Who.OWNER, 60, None), (Who.TEAM_LEAD, 60, None))
    team = people.team(lead=people.user())
    escalation = make.escalation(about=make.model(developer=people.user(), owner_team=team).subject)
    later = at + timedelta(hours=1)

    def act(number):
        if number:
            return relay.act_on_dues(at=later)
        return escalations.resolve(escalation, reason="Rolled back", by=SYSTEM, at=later)

    at_once(act)
    relay.act_on_dues(at=later + timedelta(days=3))

    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED
    last = Event.objects.filter(subject_id=escalation.subject_id).latest("id")
    assert last.verb == "risklog.escalation_resolved"
    assert not Due.objects.exclude(state="done").exists()


def test_from_a_breach_to_the_top_of_the_ladder_and_down_by_settling(at, wired):
    """The whole ladder with ticks every four hours, each tick and each relay twice."""
    people.organisation(time_zone="UTC")
    asked = make.reviewer("data-science")
    lead, top = people.user(), people.user()
    make.ladder((Who.REVIEWERS, 240, None), (Who.TEAM_LEAD, 240, None), (Who.PERSON, 240, {"person": top}))
    make.breach_group(of_model=make.model(owner_team=people.team(lead=lead)))

    def tick(moment):
        for _ in range(2):
            relay.act_on_dues(at=moment)
            relay.relay()

    moment = at
    for _ in range(60):
        tick(moment)
        moment += timedelta(hours=4)

    escalation = Escalation.objects.get()
    found = Climb.objects.order_by("position").values_list("position", "notified_ids", "at")
    assert [(position, told) for position, told, _ in found] == [
        (1, [asked.pk]),
        (2, [lead.pk]),
        (3, [top.pk]),
    ]
    assert all(9 <= one.hour < 17 and one.weekday() < 5 for _, _, one in found)
    assert Event.objects.filter(verb="risklog.review_reminded").count() == 1
    reviews.settle(Review.objects.get(), outcome=Outcome.CONFIRMED, reason="Seen", by=SYSTEM, at=moment)
    tick(moment)
    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED
    events = Event.objects.count()
    tick(moment + timedelta(days=60))
    assert Event.objects.count() == events


def test_escalations_that_start_at_once_take_one_turn_each(at):
    function = people.function("data-science")
    members = [people.user(function=function) for _ in range(THREADS)]
    make.ladder((Who.FUNCTION, 60, {"function": function, "is_in_turn": True}))
    subjects = [make.model().subject for _ in range(THREADS)]

    at_once(lambda number: make.escalation(about=subjects[number], at=at))

    told = [pk for climb in Climb.objects.all() for pk in climb.notified_ids]
    assert sorted(told) == sorted(person.pk for person in members)
