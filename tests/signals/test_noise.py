"""The noise of a threshold: false alarms among its reviewed breaches; the noisy ones come on an agenda."""

from datetime import timedelta

import pytest

from history.models import Event
from kit.actor import SYSTEM
from meetings.models import AgendaItem
from people.states import Role
from riskhub import schedule
from risklog.models import Review
from risklog.operations import review
from signals.operations import threshold
from signals.queries.noise import Noise, noise_of
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
    found = signals.series(catalogue.model("fraud-score", owner_team=team))
    signals.agreed(found, warning=0.2)
    return found


def cross(on, *outcomes, first=1):
    """Open, clear and review one breach for each outcome, two days apart."""
    for number, outcome in enumerate(outcomes):
        start = AT + (first + 2 * number) * DAY
        signals.push(on, 0.5, start=start)
        schedule.act(start)
        signals.push(on, 0.1, start=start + HOUR)
        waiting = Review.objects.filter(state="open").get()
        review.settle(waiting, outcome=outcome, reason="Checked.", by=SYSTEM, at=start + HOUR)
        schedule.act(start + HOUR)


def noisy_events():
    return Event.objects.filter(verb="signals.threshold_noisy")


@pytest.mark.parametrize(
    ("counts", "is_noisy"), [((3, 3), True), ((6, 3), True), ((7, 3), False), ((2, 2), False)]
)
def test_a_threshold_is_noisy_from_three_false_alarms_that_are_half_of_its_reviews(counts, is_noisy):
    assert Noise(*counts).is_noisy is is_noisy


def test_the_third_false_alarm_puts_the_threshold_on_the_next_agenda_and_tells_who_decides(watched, ana):
    cross(watched, "false_alarm", "confirmed", "threshold_to_change")
    assert not noisy_events().exists()

    cross(watched, "false_alarm", first=7)

    (told,) = noisy_events()
    assert (told.data["reviewed"], told.data["noise"]) == (4, 3)
    item = AgendaItem.objects.get(about=told.subject)
    assert item.title.startswith("Noisy threshold: ")
    assert item.why.startswith("3 of 4 reviewed breaches in 90 days were false alarms")


def test_it_is_told_once_and_a_new_version_finishes_its_item(watched, ana):
    cross(watched, "false_alarm", "false_alarm", "false_alarm", "false_alarm")
    assert noisy_events().count() == 1

    version = threshold.propose(
        watched.thresholds.get(), warning=0.6, reason="Less", by=SYSTEM, at=AT + 9 * DAY
    )
    schedule.act(AT + 9 * DAY)
    threshold.agree(version, by=SYSTEM, at=AT + 9 * DAY)
    schedule.act(AT + 9 * DAY)

    item = AgendaItem.objects.get(about=watched.thresholds.get().subject)
    assert (item.state, watched.thresholds.get().noisy_at) == ("done", None)


def test_page_and_api_show_the_figure_of_what_the_reader_may_see(watched, ana, client, move_clock):
    cross(watched, "false_alarm", "confirmed")
    move_clock(AT + 9 * DAY)
    found = watched.thresholds.get()

    page = client.get(f"/signals/thresholds/{found.pk}/").content.decode()
    row = client.get(f"/api/v1/thresholds/{found.pk}").json()
    (listed,) = client.get("/api/v1/thresholds").json()["results"]

    assert "1 of 2 reviewed breaches in 90 days" in " ".join(page.split())
    assert (row["reviewed"], row["false_alarms"]) == (2, 1) == (listed["reviewed"], listed["false_alarms"])
    assert noise_of([found.pk], AT + 200 * DAY) == {}
