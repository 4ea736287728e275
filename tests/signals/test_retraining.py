"""A retraining trigger opens a change request of its model, and what nobody answers is told."""

from datetime import timedelta

import pytest

from catalogue.models import ChangeRequest
from catalogue.operations import change_request
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import AgendaItem
from notices.models import Entry
from people.states import Role
from riskhub import schedule
from signals.models import BreachGroup
from signals.operations import mute
from tests.conftest import AT
from tests.factories import catalogue, meetings, people, signals

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def watched(ana):
    team = people.team("Growth ML", lead=ana)
    people.member(team, ana)
    meetings.series(team)
    found = signals.series(catalogue.model("fraud-score", owner_team=team, tier=3))
    signals.agreed(found, warning=0.2, is_retraining_trigger=True)
    return found


def test_a_crossing_opens_one_change_request_that_names_the_breach(watched, ana, client):
    signals.push(watched, 0.5)
    schedule.act(AT + HOUR)

    group, request = BreachGroup.objects.get(), ChangeRequest.objects.get()
    assert (group.retraining, request.model, request.kind) == (request, watched.model, "model_change")
    assert request.title == f"Retrain Fraud score: {group.title}"
    assert group.reference in request.details
    assert request.reference in client.get(f"/signals/breaches/{group.reference}/").content.decode()


def test_another_crossing_of_the_model_joins_the_open_request(watched, ana):
    other = signals.series(watched.model, "auc", feature="")
    signals.agreed(other, warning=0.2, is_retraining_trigger=True)
    plain = signals.series(watched.model, "null_share", feature="")
    signals.agreed(plain, warning=0.2)

    for one in (watched, other, plain):
        signals.push(one, 0.5)
    schedule.act(AT + HOUR)

    request = ChangeRequest.objects.get()
    assert BreachGroup.objects.filter(retraining=request).count() == 2


def test_a_muted_crossing_requests_nothing_until_the_mute_ends(watched, ana):
    found = watched.thresholds.get()
    mute.add(found, ends_at=AT + 5 * HOUR, reason="Rebuilt", by=Actor(ana, "page"), at=AT)
    signals.push(watched, 0.5)
    schedule.act(AT + HOUR)
    assert not ChangeRequest.objects.exists()

    schedule.act(AT + 5 * HOUR)
    assert ChangeRequest.objects.count() == 1


def test_a_request_that_nobody_answers_is_told_and_put_on_an_agenda_again_and_again(watched, ana):
    signals.push(watched, 0.5)
    schedule.act(AT + HOUR)
    request = ChangeRequest.objects.get()

    schedule.act(AT + 15 * DAY)

    (missed,) = Event.objects.filter(verb="signals.retraining_missed")
    assert Entry.objects.filter(user=ana, event=missed).exists()
    item = AgendaItem.objects.get(about=missed.subject, title__startswith="Retraining waits: ")
    assert item.why.startswith(f"{request.reference} was requested 14 days ago")
    schedule.act(AT + 30 * DAY)
    assert Event.objects.filter(verb="signals.retraining_missed").count() == 2

    change_request.withdraw(request, reason="Not now.", by=SYSTEM, at=AT + 30 * DAY)
    schedule.act(AT + 30 * DAY)
    waiting = AgendaItem.objects.filter(title__startswith="Retraining waits: ", meeting__state="planned")
    assert {(item.state, item.why) for item in waiting} == {("done", "Withdrawn before the meeting")}


def test_a_settled_request_is_not_told(watched, ana):
    signals.push(watched, 0.5)
    schedule.act(AT + HOUR)
    change_request.withdraw(ChangeRequest.objects.get(), reason="Not now.", by=SYSTEM, at=AT + DAY)

    schedule.act(AT + 15 * DAY)

    assert not Event.objects.filter(verb="signals.retraining_missed").exists()


def test_a_series_without_a_registered_model_can_have_no_trigger(ana):
    with pytest.raises(Refused) as refused:
        signals.agreed(signals.series("nobody-knows"), is_retraining_trigger=True)
    assert refused.value.field == "is_retraining_trigger"


def test_a_breach_that_reopens_after_its_request_was_settled_requests_again(watched, ana):
    signals.push(watched, 0.5)
    schedule.act(AT + HOUR)
    change_request.withdraw(ChangeRequest.objects.get(), reason="Done.", by=SYSTEM, at=AT + HOUR)

    signals.push(watched, 0.1, 0.5, start=AT + 2 * HOUR)
    signals.push(watched, 0.1, start=AT + 4 * HOUR)
    signals.push(watched, 0.5, start=AT + 5 * HOUR)
    schedule.act(AT + 5 * HOUR)

    assert BreachGroup.objects.count() == 1
    assert sorted(ChangeRequest.objects.values_list("state", flat=True)) == ["open", "withdrawn"]
