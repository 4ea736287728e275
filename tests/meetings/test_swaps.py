"""Swaps of turns: asked, accepted, declined, withdrawn, not answered; by page and API."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from meetings.models import Meeting, Swap
from meetings.operations import meeting as meetings
from meetings.operations import swap as swaps
from meetings.operations import turn
from meetings.states import SwapState
from notices.models import Entry
from people.operations import person as persons
from people.operations import token
from people.states import Role, TokenScope
from riskhub import schedule
from tests.factories import meetings as make
from tests.factories import people
from tests.moments import AT

pytestmark = pytest.mark.django_db


def by(person) -> dict:
    return {"by": Actor(person, "page"), "at": AT}


@pytest.fixture
def series():
    team, _ = make.crew("data-science", "data-engineering", each=2)
    return make.series(team)


def planned(series) -> list[Meeting]:
    rows = Meeting.objects.filter(series=series).select_related("facilitator", "series", "subject")
    return list(rows.order_by("starts_at"))


def ask(series, **values) -> Swap:
    """The facilitator of the second meeting asks that of the third one for their turn."""
    mine, theirs = planned(series)[1:3]
    values = {"asked": theirs.facilitator, "in_return": theirs, **values}
    return swaps.ask(mine, **values, **by(mine.facilitator))


def test_an_accepted_swap_exchanges_the_turns_and_their_credit(series):
    before = [one.facilitator for one in planned(series)]
    swap = ask(series)
    swaps.accept(swap, **by(swap.asked))

    after = planned(series)
    assert [one.facilitator for one in after[1:3]] == [before[2], before[1]]
    assert [one.is_taken_over for one in after[:4]] == [False, True, True, False]
    meetings.replan(series, at=AT)
    assert [one.facilitator for one in planned(series)[1:3]] == [before[2], before[1]]
    led = [one.facilitator_id for one in planned(series)]
    assert max(map(led.count, led)) - min(map(led.count, led)) <= 1


def test_a_swap_for_nothing_gives_the_turn_away(series):
    swap = ask(series, in_return=None)
    swaps.accept(swap, **by(swap.asked))

    assert planned(series)[1].facilitator == swap.asked


def test_each_side_is_told_once(series):
    swap = ask(series)
    schedule.act(AT)
    asked = Entry.objects.filter(user=swap.asked, event__verb__startswith="meetings.swap")
    assert [entry.why for entry in asked] == ["You are asked to swap turns"]
    read = set(Entry.objects.filter(user=swap.asked_by).values_list("pk", flat=True))

    swaps.accept(swap, **by(swap.asked))
    schedule.act(AT)

    told = Entry.objects.filter(user=swap.asked_by).exclude(pk__in=read)
    about_turns = told.exclude(event__verb="meetings.meeting_replanned")
    assert [entry.event.verb for entry in about_turns] == ["meetings.swap_accepted"]


def test_a_declined_or_withdrawn_swap_changes_no_turn(series):
    before = [one.facilitator_id for one in planned(series)]
    swap = ask(series)
    swaps.decline(swap, answer="I am at a fair", **by(swap.asked))
    other = ask(series)
    swaps.withdraw(other, **by(other.asked_by))

    assert [one.facilitator_id for one in planned(series)] == before
    assert list(Swap.objects.order_by("pk").values_list("state", "answer")) == [
        ("declined", "I am at a fair"),
        ("withdrawn", ""),
    ]


def test_only_the_asked_answers_and_only_the_asker_withdraws(series):
    swap = ask(series)

    for step in (swaps.accept, swaps.decline):
        with pytest.raises(Refused):
            step(swap, **by(swap.asked_by))
    with pytest.raises(Refused):
        swaps.withdraw(swap, **by(swap.asked))
    swap.refresh_from_db()
    assert swap.state == SwapState.OPEN


def test_a_settled_swap_takes_no_second_answer(series):
    swap = swaps.decline(ask(series), **by(planned(series)[2].facilitator))

    with pytest.raises(IllegalMove):
        swaps.accept(swap, **by(swap.asked))


@pytest.mark.parametrize("what", ["stranger", "viewer", "away", "oneself", "other turn", "past", "twice"])
def test_impossible_swaps_are_refused_with_the_field(series, what):
    mine, theirs, further = planned(series)[1:4]
    values, field = {"asked": theirs.facilitator, "in_return": theirs}, "asked"
    if what == "stranger":
        values = {"asked": people.user("Sam")}
    elif what == "viewer":
        persons.set_role(theirs.facilitator, Role.VIEWER, by=SYSTEM, at=AT)
        values["asked"].refresh_from_db()
    elif what == "away":
        make.away(theirs.facilitator, mine.starts_at.date())
    elif what == "oneself":
        values = {"asked": mine.facilitator}
    elif what == "other turn":
        values, field = {**values, "in_return": further}, "in_return"
    elif what == "past":
        field = "in_return"
        Meeting.objects.filter(pk=theirs.pk).update(starts_at=AT - timedelta(days=1))
        theirs.refresh_from_db()
    elif what == "twice":
        ask(series)
        field = "meeting"

    with pytest.raises(Refused) as refusal:
        swaps.ask(mine, **values, **by(mine.facilitator))

    assert refusal.value.field == field


def test_a_swap_that_became_impossible_is_refused_when_it_is_accepted(series):
    swap = ask(series)
    third = next(
        person
        for person in series.teams.get().members.all()
        if person.pk not in {swap.asked_id, swap.asked_by_id}
    )
    turn.take_over(planned(series)[1], **by(third))

    with pytest.raises(Refused, match="is not the facilitator of this meeting any more"):
        swaps.accept(swap, **by(swap.asked))


def test_an_unanswered_swap_lapses_when_the_meeting_starts_also_if_it_was_moved(series):
    swap = ask(series)
    meeting = planned(series)[1]
    due = Due.objects.get(kind=swaps.LAPSES)
    moved = meetings.move(meeting, starts_at=meeting.starts_at + timedelta(days=1), by=SYSTEM, at=AT)
    swaps.lapse(due, at=due.at)
    swap.refresh_from_db()
    assert swap.state == SwapState.OPEN

    later = Due.objects.filter(kind=swaps.LAPSES).latest("at")
    assert later.at == moved.starts_at
    swaps.lapse(later, at=later.at)
    swap.refresh_from_db()
    assert swap.state == SwapState.LAPSED


# ------------------------------------------------------------------ scribes


def test_scribes_rotate_with_a_reason_and_never_lead_or_stand_in(series):
    found = planned(series)

    assert all(one.scribe_id not in {None, one.facilitator_id, one.stand_in_id} for one in found)
    assert all(one.scribe_why.startswith("Next in rotation: ") for one in found)
    written = [one.scribe_id for one in found]
    assert len(set(written)) == 4
    assert max(map(written.count, written)) - min(map(written.count, written)) <= 1


def test_a_scribe_who_takes_over_is_replaced_as_scribe(series):
    meeting = planned(series)[1]
    scribe = meeting.scribe
    turn.take_over(meeting, **by(scribe))

    meeting = planned(series)[1]
    assert meeting.facilitator == scribe
    assert meeting.scribe_id not in {None, scribe.pk}


def test_a_change_of_people_on_the_day_leaves_the_turns_of_the_meeting_that_begins(series):
    """Its start has passed, and nobody has started it yet."""
    before = [(one.facilitator_id, one.scribe_id, one.focus_id) for one in planned(series)]

    meetings.replan(series, at=planned(series)[0].starts_at + timedelta(minutes=5))

    assert [(one.facilitator_id, one.scribe_id, one.focus_id) for one in planned(series)] == before


def test_who_is_alone_has_both_tasks():
    team, (_,) = make.crew("data-science")
    meeting = planned(make.series(team))[0]

    assert meeting.facilitator_id == meeting.scribe_id is not None


def test_the_scribe_is_reminded_as_the_facilitator_is(series):
    meeting = planned(series)[1]
    due = Due.objects.filter(subject=meeting.subject, kind="meetings.turn").earliest("at")
    turn.remind(due, at=due.at)
    schedule.act(due.at)

    told = Entry.objects.filter(event__verb="meetings.turn_near").values_list("user_id", "why")
    assert (meeting.scribe_id, "You are the scribe") in set(told)


# ------------------------------------------------------------------ pages and API


def test_the_page_asks_and_the_colleague_accepts(client, series):
    mine, theirs = planned(series)[1:3]
    client.force_login(mine.facilitator)
    page = client.get(f"/meetings/{mine.reference}/").content.decode()
    assert f"{theirs.facilitator.name}: their turn on" in page

    trade = f"{theirs.facilitator_id}-{theirs.pk}"
    answer = client.post(f"/meetings/{mine.reference}/swap/", {"trade": trade, "note": "I travel"})
    assert answer.status_code == 303
    swap = Swap.objects.get()
    client.force_login(theirs.facilitator)
    assert "I travel" in client.get(f"/meetings/{mine.reference}/").content.decode()
    client.post(f"/meetings/swaps/{swap.pk}/accept/", {"version": swap.version})

    assert planned(series)[1].facilitator == theirs.facilitator


def test_the_page_refuses_who_does_not_lead_and_a_colleague_who_is_not_listed(client, series):
    mine = planned(series)[1]
    client.force_login(mine.stand_in)
    assert client.post(f"/meetings/{mine.reference}/swap/", {"trade": "1"}).status_code == 403

    client.force_login(mine.facilitator)
    answer = client.post(f"/meetings/{mine.reference}/swap/", {"trade": str(people.user("Sam").pk)})
    assert answer.status_code == 422


@pytest.mark.parametrize("each", [1, 3])
def test_the_page_of_a_meeting_takes_the_same_queries_for_any_number_of_colleagues(
    client, each, django_assert_max_num_queries
):
    team, _ = make.crew("data-science", "data-engineering", each=each)
    mine = planned(make.series(team))[1]
    client.force_login(mine.facilitator)
    client.get(f"/meetings/{mine.reference}/")

    with django_assert_max_num_queries(36):
        client.get(f"/meetings/{mine.reference}/")


class Caller:
    """A client of the API with a token of one person."""

    def __init__(self, person) -> None:
        _, text = token.issue(person, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, path):
        return self.client.get(f"/api/v1/{path}")

    def post(self, path, body=None, **headers):
        return self.client.post(
            f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
        )


def test_the_api_has_the_plan_with_its_balance(series):
    answer = Caller(planned(series)[0].facilitator).get(f"meeting-series/{series.pk}/rota").json()

    first = planned(series)[0]
    assert len(answer["meetings"]) == 12
    assert answer["meetings"][0]["meeting"] == first.reference
    assert answer["meetings"][0]["function_id"] == first.facilitator.function_id
    assert answer["meetings"][0]["why"] == first.why
    assert answer["meetings"][0]["scribe_id"] == first.scribe_id
    assert sum(row["turns"] for row in answer["people"]) == 12
    assert [(row["turns"], row["least"], row["most"]) for row in answer["functions"]] == [(6, 3, 3)] * 2
    assert answer["differ_by"] == 0


def test_the_api_asks_and_answers_swaps(series):
    mine, theirs = planned(series)[1:3]
    asking, asked = Caller(mine.facilitator), Caller(theirs.facilitator)
    address = f"meeting-series/{series.pk}/swaps"
    body = {"meeting": mine.reference, "asked": theirs.facilitator.email, "in_return": theirs.reference}

    made = asking.post(address, body)
    assert made.status_code == 201, made.content
    assert made.json()["state"] == "open"
    one = f"{address}/{made.json()['id']}"
    assert asked.post(f"{one}/accept").status_code == 428
    accepted = asked.post(f"{one}/accept", **{"If-Match": made["ETag"]})

    assert accepted.json()["state"] == "accepted"
    assert asked.get(f"{address}?state=open").json()["results"] == []
    assert [row["id"] for row in asked.get(address).json()["results"]] == [made.json()["id"]]
    assert asking.post(address, {**body, "meeting": make.planned().reference}).status_code == 400


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_swaps_takes_the_same_queries_for_any_number(series, number, django_assert_num_queries):
    caller = Caller(planned(series)[0].facilitator)
    for one in planned(series)[:number]:
        asked = one.stand_in
        swaps.ask(one, asked=asked, **by(one.facilitator))
    caller.get(f"meeting-series/{series.pk}/swaps")

    with django_assert_num_queries(3):
        answer = caller.get(f"meeting-series/{series.pk}/swaps")
    assert answer.json()["count"] == number


def test_an_answered_swap_says_so(series):
    swap = ask(series)
    swaps.accept(swap, **by(swap.asked))

    with pytest.raises(IllegalMove, match="This is “accepted” already"):
        swaps.accept(swap, **by(swap.asked))
    with pytest.raises(IllegalMove, match="cannot become “withdrawn”"):
        swaps.withdraw(swap, **by(swap.asked_by))


def test_a_turn_of_a_cancelled_meeting_is_not_swapped(series):
    mine, theirs = planned(series)[1:3]
    meetings.cancel(mine, by=SYSTEM, at=AT)

    with pytest.raises(Refused, match="is not an upcoming meeting") as refused:
        swaps.ask(mine, asked=theirs.facilitator, **by(mine.facilitator))

    assert refused.value.field == "meeting"
