"""The learning of the week: votes, the choice, and what each reader is shown."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from kit.rights import may
from learnings.models import Learning, LearningOfWeek, LearningVote
from learnings.operations import learning as writing
from learnings.operations import week as operations
from learnings.queries import week as queries
from people.states import Role
from tests.factories import learnings, meetings, people

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
LIST = "/api/v1/learnings"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def vote(learning, at, user=None):
    return operations.vote(learning, by=Actor(user or people.user(), "page"), at=at)


def choose(learning, at, **week):
    return operations.choose(learning, by=Actor(people.user("Mia"), "page"), at=at, **week)


def test_a_person_has_one_vote_a_week_which_moves(at):
    ana, first, second = people.user(), learnings.published(), learnings.published()
    vote(first, at, ana)
    vote(second, at, ana)
    vote(first, at + WEEK, ana)

    rows = LearningVote.objects.order_by("week").values_list("learning", "week")

    assert list(rows) == [(second.pk, queries.week_of(at)), (first.pk, queries.week_of(at + WEEK))]


def test_a_draft_and_ones_own_learning_get_no_vote(at):
    ana = people.user()
    for learning, field in ((learnings.draft(), "state"), (learnings.published(author=ana), "learning")):
        with pytest.raises(Refused) as refusal:
            vote(learning, at, ana)
        assert refusal.value.field == field


def test_the_choice_comes_before_votes_and_votes_before_last_week(at):
    ana = people.user()
    old, voted, chosen = (learnings.published(title) for title in ("Old", "Voted", "Chosen"))
    assert queries.present_of(ana, at) is None

    vote(old, at - WEEK), vote(old, at - WEEK)
    found = queries.present_of(ana, at)
    assert (found.learning, found.week, found.votes) == (old, queries.week_of(at - WEEK), 2)

    vote(voted, at)
    found = queries.present_of(ana, at)
    assert (found.learning, found.week, found.votes) == (voted, queries.week_of(at), 1)

    choose(chosen, at)
    found = queries.present_of(ana, at)
    assert (found.learning, found.chosen_by, found.votes) == (chosen, "Mia", 0)
    assert queries.of_week(ana, queries.week_of(at - WEEK)).learning == old


def test_a_choice_that_was_withdrawn_leaves_the_week_to_the_votes(at):
    ana = people.user()
    voted, chosen = learnings.published("Voted"), learnings.published("Chosen")
    vote(voted, at), choose(chosen, at)
    writing.withdraw(chosen, by=SYSTEM, at=at)

    assert queries.present_of(ana, at).learning == voted
    assert list(queries.IN_DIGEST.rows(at - WEEK, at + WEEK)) == [voted]


def test_a_choice_is_replaced_on_record_and_only_for_this_week_or_the_next(at):
    first, second = learnings.published(), learnings.published()
    choose(first, at)
    choose(first, at)
    choose(second, at)
    choose(first, at, week=at.date() + WEEK)

    for days in (-7, 15):
        with pytest.raises(Refused) as refusal:
            choose(first, at, week=at.date() + timedelta(days=days))
        assert refusal.value.field == "week"

    present = LearningOfWeek.objects.filter(replaced_at=None).order_by("week")
    assert [one.learning for one in present] == [second, first]
    verbs = Event.objects.filter(subject=first.subject, verb__contains="cho").order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "learnings.learning_chosen",
        "learnings.choice_replaced",
        "learnings.learning_chosen",
    ]


@pytest.mark.django_db(transaction=True)
def test_two_choices_at_once_leave_one(at):
    mia, ids = people.user("Mia"), [learnings.published().pk for _ in range(4)]

    def press(pk: int) -> None:
        try:
            operations.choose(Learning.objects.get(pk=pk), by=Actor(mia, "page"), at=at)
        except Refused as refusal:
            assert refusal.field == "week"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(press, ids))
    assert LearningOfWeek.objects.filter(replaced_at=None).count() == 1


def test_a_restricted_choice_is_shown_to_its_readers_and_the_most_voted_to_others(at):
    team, voted = people.team(), learnings.published("Voted")
    ana, mate = people.user(), people.user(teams=[team])
    chosen = learnings.published("Canary", viewers=[team.subject_id])
    vote(voted, at)
    choose(chosen, at)

    assert queries.present_of(mate, at).learning == chosen
    assert queries.present_of(ana, at).learning == voted
    rows = queries._of_weeks(at - WEEK, at + WEEK).order_by("title")
    assert [(row.title, row.why) for row in rows] == [("Canary", "Chosen by Mia"), ("Voted", "1 vote")]


def test_risk_managers_and_facilitators_choose(at):
    mia, ana = people.user(role=Role.RISK_MANAGER), people.user()
    assert [may(one, "learnings.week_choose") for one in (mia, ana)] == [True, False]
    meeting = meetings.planned(meetings.series())
    type(meeting).objects.filter(pk=meeting.pk).update(facilitator=ana)

    assert may(ana, "learnings.week_choose")


def test_votes_and_the_choice_by_page_and_what_feed_and_home_show(client, ana):
    taught = learnings.published("Warm the cache")
    address = f"/learnings/{taught.reference}/"

    assert client.post(f"{address}vote/", {"is_on": "1"}).status_code == 303
    for path in ("/learnings/", "/learnings/my-week/"):
        page = client.get(path).content.decode()
        assert "Learning of the week" in page
        assert "1 vote" in page
    assert 'hx-get="/learnings/my-week/"' in client.get("/").content.decode()
    client.post(f"{address}vote/", {"is_on": "0"})
    assert client.get("/learnings/my-week/").content == b""
    assert "Learning of the week" not in client.get("/learnings/").content.decode()
    assert client.post(f"{address}choose/").status_code == 403
    client.force_login(people.user("Mia", role=Role.RISK_MANAGER))
    assert client.post(f"{address}choose/").status_code == 303
    assert "Chosen by Mia" in client.get("/learnings/").content.decode()


def test_votes_and_the_choice_by_api(client, ana):
    taught = learnings.published("Warm the cache")
    address = f"{LIST}/{taught.reference}"

    voted = client.post(f"{address}/votes", {}, "application/json")
    found = client.get(f"{LIST}/of-the-week").json()

    assert (voted.status_code, voted.json()["week"]) == (200, "2026-11-23")
    assert client.get(f"{address}/votes").json()["results"] == [voted.json()]
    assert (found["votes"], found["learning"]["reference"]) == (1, taught.reference)
    assert client.post(f"{address}/choose", {}, "application/json").status_code == 403
    assert client.post(f"{address}/votes/withdraw", {}, "application/json").status_code == 200
    assert client.get(f"{LIST}/of-the-week").json()["learning"] is None
    client.force_login(people.user("Mia", role=Role.RISK_MANAGER))
    wrong = client.post(f"{address}/choose", {"week": "2027-01-01"}, "application/json")
    chosen = client.post(f"{address}/choose", {"week": "2026-11-24"}, "application/json")
    assert (wrong.status_code, chosen.status_code) == (422, 200)
    assert client.get(f"{LIST}/of-the-week").json()["chosen_by"] == "Mia"


def test_the_votes_cost_the_same_at_one_and_three_rows(client, ana, at):
    taught = learnings.published()
    counts = []
    for _ in range(2):
        vote(taught, at)
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"{LIST}/{taught.reference}/votes").status_code == 200
        counts.append(len(found))
        vote(taught, at)

    assert counts[0] == counts[1]
