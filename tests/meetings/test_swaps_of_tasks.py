"""Swaps of scribes and observers, and who takes an observer's turn over; by page and API."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings import mail
from meetings.models import Meeting, Swap
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from meetings.operations import swap as swaps
from meetings.operations import turn
from meetings.states import TurnTask
from notices.models import Entry, Message
from people.operations import person as persons
from people.states import Role
from riskhub import schedule
from tests.factories import meetings as make
from tests.factories import people
from tests.meetings.test_swaps import Caller
from tests.moments import AT

pytestmark = pytest.mark.django_db


def by(person) -> dict:
    return {"by": Actor(person, "page"), "at": AT}


@pytest.fixture
def outside():
    """A team of three people who take no part."""
    team, _ = make.crew("data-science", each=3)
    return team


@pytest.fixture
def series(outside):
    team, _ = make.crew("data-science", "data-engineering", each=2)
    return make.series(team, has_observer=True, observer_teams=[outside])


def planned(series) -> list[Meeting]:
    rows = Meeting.objects.filter(series=series).select_related(
        "facilitator", "scribe", "observer", "series", "subject"
    )
    return list(rows.order_by("starts_at"))


def turns(series, task) -> list[int | None]:
    return [getattr(one, f"{task}_id") for one in planned(series)]


def told(verb) -> list[tuple[int, str]]:
    return list(Entry.objects.filter(event__verb=verb).order_by("pk").values_list("user_id", "why"))


# ------------------------------------------------------------------ swaps


def free_scribe(series, mine) -> Meeting:
    """Return a later meeting with another scribe, where both could write in the other's place."""
    busy = {mine.facilitator_id, mine.stand_in_id}
    return next(
        one
        for one in planned(series)
        if one.scribe_id not in {mine.scribe_id, *busy}
        and mine.scribe_id not in {one.facilitator_id, one.stand_in_id}
    )


@pytest.mark.parametrize("task", [TurnTask.SCRIBE, TurnTask.OBSERVER])
def test_an_accepted_swap_exchanges_the_turns_and_the_rotation_keeps_them(series, task):
    mine = planned(series)[1]
    theirs = free_scribe(series, mine) if task == TurnTask.SCRIBE else planned(series)[2]
    asking, asked = getattr(mine, task), getattr(theirs, task)
    leaders = turns(series, "facilitator")
    swap = swaps.ask(mine, asked=asked, in_return=theirs, **by(asking))
    assert swap.task == task
    swaps.accept(swap, **by(asked))
    meetings.replan(series, at=AT)

    after = {one.pk: one for one in planned(series)}
    assert getattr(after[mine.pk], task) == asked
    assert getattr(after[theirs.pk], task) == asking
    assert f"{asked.name} took over as {task}" in getattr(after[mine.pk], f"{task}_why")
    assert turns(series, "facilitator") == leaders
    counts = turns(series, TurnTask.OBSERVER)
    assert max(map(counts.count, counts)) - min(map(counts.count, counts)) <= 1


def test_each_task_of_a_meeting_can_be_asked_for_at_once_but_each_only_once(series, outside):
    mine = planned(series)[1]
    other = outside.members.exclude(pk=mine.observer_id).first()
    swaps.ask(mine, asked=mine.stand_in, **by(mine.facilitator))
    swaps.ask(mine, asked=other, **by(mine.observer))

    with pytest.raises(Refused, match="A swap of the observer of this meeting is open"):
        swaps.ask(mine, asked=other, **by(mine.observer))
    assert sorted(Swap.objects.values_list("task", flat=True)) == ["facilitator", "observer"]


@pytest.mark.parametrize("what", ["participant", "viewer", "away", "other task", "other turn"])
def test_impossible_swaps_of_an_observer_are_refused_with_the_field(series, outside, what):
    mine, theirs, further = planned(series)[1:4]
    values, field = {"asked": theirs.observer, "in_return": theirs}, "asked"
    if what == "participant":
        values = {"asked": mine.facilitator}
    elif what == "viewer":
        persons.set_role(theirs.observer, Role.VIEWER, by=SYSTEM, at=AT)
        values = {"asked": outside.members.get(pk=theirs.observer_id)}
    elif what == "away":
        make.away(theirs.observer, mine.starts_at.date())
    elif what == "other task":
        values, field = {**values, "task": "facilitator"}, "task"
    elif what == "other turn":
        values, field = {**values, "in_return": further}, "in_return"

    with pytest.raises(Refused) as refusal:
        swaps.ask(mine, **values, **by(mine.observer))

    assert refusal.value.field == field
    assert not Swap.objects.exists()


def test_a_scribe_does_not_ask_who_leads_or_stands_in(series):
    mine = planned(series)[1]

    with pytest.raises(Refused, match="or stands in") as refusal:
        swaps.ask(mine, asked=mine.stand_in, **by(mine.scribe))

    assert refusal.value.field == "asked"


def test_the_mails_of_a_swap_name_the_task(settings, series):
    settings.IS_MAIL_KEPT = True
    mine, theirs = planned(series)[1:3]
    swap = swaps.ask(mine, asked=theirs.observer, in_return=theirs, **by(mine.observer))
    schedule.tick(AT)
    swaps.accept(swap, **by(swap.asked))
    schedule.tick(AT)

    asked = Message.objects.get(verb="meetings.swap_asked").sent_text
    accepted = Message.objects.get(verb="meetings.swap_accepted").sent_text
    assert f"{swap.asked_by.name} asks you to observe this meeting." in asked
    assert f"{swap.asked.name} observes this meeting. You take their turn on" in accepted


# ------------------------------------------------------------------ I'll take it


def test_a_person_of_an_observing_team_takes_the_turn_and_keeps_it(series, outside):
    mine = planned(series)[1]
    other = outside.members.exclude(pk=mine.observer_id).first()
    turn.take_over(mine, task=TurnTask.OBSERVER, **by(other))
    meetings.replan(series, at=AT)

    after = planned(series)[1]
    assert (after.observer, after.is_observer_taken) == (other, True)
    assert after.facilitator == mine.facilitator


def test_a_turn_goes_back_to_the_rotation_if_its_taker_is_away(series, outside):
    mine = planned(series)[1]
    other = outside.members.exclude(pk=mine.observer_id).first()
    turn.take_over(mine, task=TurnTask.OBSERVER, **by(other))
    persons.be_away(other, from_on=AT.date(), until_on=AT.date() + timedelta(days=25), by=SYSTEM, at=AT)
    schedule.act(AT)

    after = planned(series)[1]
    assert after.observer_id not in {None, other.pk}
    assert not after.is_observer_taken


@pytest.mark.parametrize("who", ["participant", "viewer", "of a third team"])
def test_nobody_else_takes_the_turn_of_the_observer(series, outside, who):
    mine = planned(series)[1]
    person = {
        "participant": mine.facilitator,
        "viewer": people.user("Vic", role=Role.VIEWER, teams=[outside]),
        "of a third team": people.user("Tess", teams=[people.team()]),
    }[who]

    with pytest.raises(Refused, match="teams that observe") as refusal:
        turn.take_over(mine, task=TurnTask.OBSERVER, **by(person))

    assert refusal.value.field == "observer"


def a_free_participant(meeting):
    busy = {meeting.facilitator_id, meeting.stand_in_id, meeting.scribe_id}
    return meeting.series.teams.get().members.exclude(pk__in=busy).get()


def test_a_participant_takes_the_turn_of_the_scribe_and_keeps_it(series):
    mine, leaders = planned(series)[1], turns(series, "facilitator")
    former, other = mine.scribe, a_free_participant(mine)
    turn.take_over(mine, task=TurnTask.SCRIBE, **by(other))
    meetings.replan(series, at=AT)
    schedule.act(AT)

    after = planned(series)[1]
    assert (after.scribe, after.is_scribe_taken) == (other, True)
    assert f"{other.name} took over as scribe" in after.scribe_why
    assert turns(series, "facilitator") == leaders
    assert (former.pk, "You were the scribe") in told("meetings.turn_taken_over")
    counts = turns(series, TurnTask.SCRIBE)
    assert max(map(counts.count, counts)) - min(map(counts.count, counts)) <= 1


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("facilitator", "leads M-"),
        ("stand-in", "or stands in"),
        ("observer", "Only participants"),
        ("away", "is away on"),
    ],
)
def test_nobody_takes_the_turn_of_the_scribe_whom_the_rotation_would_replace(series, who, text):
    mine = planned(series)[1]
    person = {"facilitator": mine.facilitator, "stand-in": mine.stand_in, "observer": mine.observer}.get(who)
    if person is None:
        person = a_free_participant(mine)
        make.away(person, mine.starts_at.date())

    with pytest.raises(Refused, match=text) as refusal:
        turn.take_over(mine, task=TurnTask.SCRIBE, **by(person))

    assert refusal.value.field == "scribe"
    assert planned(series)[1].scribe_id == mine.scribe_id


def test_a_check_in_has_no_turn_of_a_scribe_to_take(client):
    team, (ana, ben) = make.crew()
    meeting = planned(make.series(team, is_check_in=True))[0]
    client.force_login(ben)

    assert "Become scribe" not in client.get(f"/meetings/{meeting.reference}/").content.decode()
    with pytest.raises(Refused, match="needs no scribe"):
        turn.take_over(meeting, task=TurnTask.SCRIBE, **by(ana))


# ------------------------------------------------------------------ the calendars of observers


def entry_of(verb, person):
    """Return the calendar part of the only event with this verb, for a person."""
    event = Event.objects.get(verb=verb)
    context = mail.observation_end if verb == "meetings.observation_ended" else mail.observation_context
    part = context(event, person)["calendar"]
    (entry,) = Calendar.from_ical(part.content).walk("VEVENT")
    return part.method, entry


def test_who_was_invited_and_is_replaced_gets_a_cancellation_and_the_new_one_an_invitation(series):
    mine = planned(series)[0]
    former = mine.observer
    turn.remind(due_of(mine, 1), at=mine.starts_at - timedelta(days=1))
    persons.be_away(former, from_on=AT.date(), until_on=mine.starts_at.date(), by=SYSTEM, at=AT)
    schedule.act(AT)

    new = planned(series)[0].observer
    assert new != former
    assert told("meetings.observation_ended") == [
        (former.pk, "You do not observe the meeting any more"),
    ]
    assert (new.pk, "You are the observer") in told("meetings.observation_near")
    replanned = Entry.objects.filter(event__verb="meetings.meeting_replanned", event__subject=mine.subject)
    assert not replanned.filter(user__in=[former, new], why__contains="observer").exists()
    method, entry = entry_of("meetings.observation_ended", former)
    invited = Event.objects.filter(verb="meetings.observation_near").latest("pk")
    ended = Event.objects.get(verb="meetings.observation_ended")
    assert method == "CANCEL"
    assert str(entry["UID"]).startswith(f"meeting-{mine.pk}@")
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CANCELLED", ended.pk)
    assert mail.observation_is_theirs(invited, new, AT) == ""
    assert mail.meeting_is_ahead(ended, former, AT) == ""


def due_of(meeting, days):
    return Due.objects.get(
        subject=meeting.subject, kind="meetings.turn", at=meeting.starts_at - timedelta(days=days)
    )


def test_a_replaced_observer_who_was_never_invited_gets_no_cancellation(series):
    mine, former = planned(series)[3], planned(series)[3].observer_id
    turn.take_over(mine, task=TurnTask.OBSERVER, **by(planned(series)[4].observer))
    schedule.act(AT)

    assert not Event.objects.filter(verb="meetings.observation_ended").exists()
    assert not Event.objects.filter(verb="meetings.observation_near").exists()
    assert told("meetings.turn_taken_over") == [(former, "You were the observer")]


def test_who_observes_again_is_invited_again_with_a_later_sequence(series):
    mine = planned(series)[0]
    former, other = mine.observer, planned(series)[1].observer
    turn.take_over(mine, task=TurnTask.OBSERVER, **by(other))
    turn.take_over(planned(series)[0], task=TurnTask.OBSERVER, **by(former))
    turn.take_over(planned(series)[0], task=TurnTask.OBSERVER, **by(other))
    schedule.act(AT)

    rows = Event.objects.filter(verb__startswith="meetings.observation_").order_by("pk")
    found = [(event.verb.rpartition("_")[2], event.data["observer"]) for event in rows]
    near = [("near", person.subject_id) for person in (other, former, other)]
    ended = [("ended", person.pk) for person in (other, former)]
    assert found == [near[0], ended[0], near[1], ended[1], near[2]]


def test_a_series_without_observers_any_more_cancels_their_invitations(series):
    mine = planned(series)[0]
    turn.remind(due_of(mine, 1), at=mine.starts_at - timedelta(days=1))
    series.refresh_from_db()
    all_series.change(series, {"has_observer": False}, by=SYSTEM, at=AT)
    schedule.act(AT)

    assert told("meetings.observation_ended") == [
        (mine.observer_id, "You do not observe the meeting any more")
    ]
    method, _ = entry_of("meetings.observation_ended", mine.observer)
    assert method == "CANCEL"


def test_the_cancellation_is_mailed_unless_the_meeting_has_started(settings, series):
    settings.IS_MAIL_KEPT = True
    mine = planned(series)[0]
    former = mine.observer
    turn.remind(due_of(mine, 1), at=mine.starts_at - timedelta(days=1))
    turn.take_over(planned(series)[0], task=TurnTask.OBSERVER, **by(planned(series)[1].observer))
    schedule.tick(AT)

    sent = Message.objects.get(verb="meetings.observation_ended")
    assert (sent.user, sent.state) == (former, "done")
    assert "You do not observe this meeting any more." in sent.sent_text
    assert f"{planned(series)[0].observer.name} observes it." in sent.sent_text
    ended = Event.objects.get(verb="meetings.observation_ended")
    assert "has started" in mail.meeting_is_ahead(ended, former, mine.starts_at)


# ------------------------------------------------------------------ the page and the API


def test_the_page_of_an_observer_asks_and_the_colleague_accepts(client, series):
    mine, theirs = planned(series)[1:3]
    client.force_login(mine.observer)
    page = client.get(f"/meetings/{mine.reference}/").content.decode()
    assert "Ask to swap your turn as observer" in page
    assert "Ask to swap your turn as facilitator" not in page
    trade = f"{theirs.observer_id}-{theirs.pk}"
    assert client.post(f"/meetings/{mine.reference}/swap/", {"trade": "no"}).status_code == 422
    answer = client.post(f"/meetings/{mine.reference}/swap/", {"trade": trade, "task": "observer"})
    assert answer.status_code == 303

    swap = Swap.objects.get()
    client.force_login(theirs.observer)
    page = client.get(f"/meetings/{mine.reference}/").content.decode()
    assert f"{mine.observer.name} asks {theirs.observer.name} to observe this meeting" in page
    client.post(f"/meetings/swaps/{swap.pk}/accept/", {"version": swap.version})

    assert planned(series)[1].observer == theirs.observer
    timeline = " ".join(client.get(f"/meetings/{mine.reference}/").content.decode().split())
    assert "took over as observer" in timeline


def test_the_page_offers_to_observe_to_those_who_can(client, series, outside):
    mine = planned(series)[1]
    other = outside.members.exclude(pk=mine.observer_id).first()
    for person in (mine.facilitator, mine.observer, people.user("Tess", teams=[people.team()])):
        client.force_login(person)
        assert "Observe this meeting" not in client.get(f"/meetings/{mine.reference}/").content.decode()

    client.force_login(other)
    page = client.get(f"/meetings/{mine.reference}/").content.decode()
    assert "Observe this meeting" in page
    assert "Assign to me" not in page
    sent = {"task": "observer", "version": mine.version}
    assert client.post(f"/meetings/{mine.reference}/take/", sent).status_code == 303
    assert planned(series)[1].observer == other
    client.force_login(mine.facilitator)
    assert client.post(f"/meetings/{mine.reference}/take/", sent).status_code == 403


def test_the_page_and_the_api_let_a_participant_be_the_scribe(client, series):
    mine = planned(series)[1]
    other = a_free_participant(mine)
    for person in (mine.facilitator, mine.stand_in, mine.scribe, mine.observer):
        client.force_login(person)
        assert "Become scribe" not in client.get(f"/meetings/{mine.reference}/").content.decode()

    client.force_login(other)
    assert "Become scribe" in client.get(f"/meetings/{mine.reference}/").content.decode()
    sent = {"task": "scribe", "version": mine.version}
    assert client.post(f"/meetings/{mine.reference}/take/", sent).status_code == 303
    assert planned(series)[1].scribe == other

    caller, address = Caller(mine.scribe), f"meetings/{mine.reference}"
    etag = {"If-Match": caller.get(address)["ETag"]}
    refused = caller.post(f"{address}/take-over", {"task": "observer"}, **etag)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "task")
    taken = caller.post(f"{address}/take-over", {"task": "scribe"}, **etag).json()
    assert (taken["scribe_id"], taken["is_scribe_taken"]) == (mine.scribe_id, True)
    assert taken["facilitator_id"] == mine.facilitator_id


def test_the_api_takes_and_swaps_the_turn_of_the_observer(series, outside):
    mine, theirs = planned(series)[1:3]
    asking, asked = Caller(mine.observer), Caller(theirs.observer)
    address = f"meeting-series/{series.pk}/swaps"
    body = {"meeting": mine.reference, "asked": theirs.observer.email, "task": "observer"}
    assert asking.post(address, {**body, "task": "scribe"}).status_code == 422
    made = asking.post(address, body)
    assert (made.status_code, made.json()["task"]) == (201, "observer")
    assert len(asking.get(f"{address}?task=observer").json()["results"]) == 1
    assert asking.get(f"{address}?task=scribe").json()["results"] == []
    one = f"{address}/{made.json()['id']}"
    assert asked.post(f"{one}/accept", **{"If-Match": made["ETag"]}).json()["state"] == "accepted"

    row = asked.get(f"meetings/{mine.reference}")
    assert (row.json()["observer_id"], row.json()["is_observer_taken"]) == (theirs.observer_id, True)
    assert asking.post(f"meetings/{mine.reference}/observe").status_code == 428
    back = asking.post(f"meetings/{mine.reference}/observe", **{"If-Match": row["ETag"]})
    assert back.json()["observer_id"] == mine.observer_id
    refused = Caller(mine.facilitator).post(
        f"meetings/{mine.reference}/observe", **{"If-Match": back["ETag"]}
    )
    assert refused.status_code == 403
