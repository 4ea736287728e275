"""The ledger of duties: counted by person and team, for a period, and for readers who may see them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from incidents.models import Observer
from kit.actor import SYSTEM, Actor
from lists.specification import Reader
from meetings.filters import DUTIES
from meetings.models import Meeting
from meetings.queries import duties
from risklog.operations import reviewer as reviewers
from tests.factories import meetings as make
from tests.factories import people, risklog_review
from tests.factories.incidents import incident, reviewed
from tests.moments import AT

pytestmark = pytest.mark.django_db
PAGE, API = "/meetings/duties-done/", "/api/v1/duties-done"
PERIOD = "since=2026-11-01&until=2026-12-31"


@pytest.fixture
def ana(client):
    people.organisation()
    found = people.user("Ana")
    client.force_login(found)
    return found


def held(series, facilitator, scribe=None, observer=None, *, days=0) -> Meeting:
    """A closed meeting of these people, whose turns are set directly."""
    meeting = make.closed(series)
    values = {"facilitator": facilitator, "scribe": scribe, "observer": observer}
    Meeting.objects.filter(pk=meeting.pk).update(**values, starts_at=AT + timedelta(days=days))
    return meeting


def numbers(client, query=PERIOD) -> dict[str, tuple[int, ...]]:
    rows = client.get(f"{API}?{query}").json()["results"]
    return {row["name"]: tuple(row[name] for name in duties.DUTIES) for row in rows}


def answered(person) -> None:
    review = risklog_review.review()
    if not review.reviewers.filter(user=person).exists():
        reviewers.ask(review, person, by=SYSTEM, at=AT)
    reviewers.answer(review, verdict="confirmed", note="Seen.", by=Actor(person, "page"), at=AT)


def test_an_observer_of_a_review_who_was_replaced_did_not_observe_it(client, ana):
    wei, sol = people.user("Wei"), people.user("Sol")
    review = reviewed(incident(state="resolved"))
    review.observers.all().delete()
    for person, ended in ((wei, AT.date()), (sol, None)):
        row = Observer(postmortem=review, user=person, why="Next", on=AT.date(), ended_on=ended)
        history.record(review, "incidents.observers_chosen", by=SYSTEM, at=AT, rows=[row])

    found = numbers(client)

    assert found["Sol"][duties.DUTIES.index("observed_reviews")] == 1 and "Wei" not in found


def test_each_duty_of_the_period_counts_once(client, ana):
    team, (wei, sol) = make.crew()
    held(make.series(team), wei, sol, ana)
    held(make.series(team), wei, days=-90)
    make.planned(make.series(team))
    answered(sol)

    found = numbers(client)
    assert found == {wei.name: (1, 0, 0, 0, 0), sol.name: (0, 1, 0, 0, 1), ana.name: (0, 0, 1, 0, 0)}
    assert list(found) == sorted(found)
    assert numbers(client, "since=2026-08-01&until=2026-09-30")[wei.name] == (1, 0, 0, 0, 0)
    assert set(numbers(client, f"{PERIOD}&team={team.slug}")) == {wei.name, sol.name}


def test_a_team_has_the_duties_of_its_members(client, ana):
    team, (wei, sol) = make.crew()
    other = people.team("Other")
    people.member(other, wei)
    held(make.series(team), wei, sol)

    reader = Reader(ana, AT.date(), AT)
    rows = {one.slug: one for one in duties.by_team(DUTIES.read({}), reader)}
    assert (rows[team.slug].facilitated, rows[team.slug].scribed) == (1, 1)
    assert (rows[other.slug].facilitated, rows[other.slug].scribed) == (1, 0)
    page = client.get(f"{PAGE}?{PERIOD}").content.decode()
    assert wei.name in page and "Other" in page


def test_a_restricted_review_counts_for_those_who_see_it_only(client, ana):
    sol = people.user("Sol")
    review = risklog_review.review()
    reviewers.ask(review, sol, by=SYSTEM, at=AT)
    reviewers.answer(review, verdict="confirmed", note="Seen.", by=Actor(sol, "page"), at=AT)
    assert numbers(client) == {"Sol": (0, 0, 0, 0, 1)}
    history.restrict(review.subject.root or review.subject, [people.team().subject_id])

    assert numbers(client) == {}
    assert "Sol" not in client.get(f"{PAGE}?{PERIOD}").content.decode()


@pytest.mark.parametrize("path", [PAGE, API])
def test_the_ledger_costs_the_same_at_one_and_three_people(client, ana, path):
    counts = []
    for number in (1, 2):
        for _ in range(number):
            team, (wei, _) = make.crew()
            held(make.series(team), wei)
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"{path}?{PERIOD}").status_code == 200
        counts.append(len(found))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("query", ["since=yesterday", "colour=red", "until=9"])
def test_a_bad_period_is_refused(client, ana, query):
    assert client.get(f"{API}?{query}").status_code == 400
    assert client.get(f"{PAGE}?{query}").status_code == 400


@pytest.mark.parametrize("path", ["/people/", "/people/teams/"])
def test_people_and_teams_link_to_it(client, ana, path):
    assert f'href="{PAGE}"' in client.get(path).content.decode()
