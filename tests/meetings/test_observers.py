"""Observers of meetings: who they are, how they rotate, what they are told and what they may see."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from icalendar import Calendar

from history.models import Due, Event
from kit.actor import SYSTEM
from meetings import mail
from meetings.models import Meeting
from meetings.operations import attendance, preview, turn
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from meetings.queries import calendar, live, minutes
from meetings.queries.series import ahead
from notices.models import Entry
from people.operations import person as persons
from people.operations import team as teams
from people.operations import token
from people.states import Role, TokenScope
from riskhub import schedule
from tests.factories import meetings as make
from tests.factories import people
from tests.moments import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside():
    """A team of three people who take no part."""
    team, _ = make.crew("data-science", each=3)
    return team


@pytest.fixture
def series(outside):
    team, _ = make.crew("data-science", "data-engineering")
    return make.series(team, has_observer=True, observer_teams=[outside])


def planned(series) -> list[Meeting]:
    rows = Meeting.objects.filter(series=series).select_related(
        "observer", "facilitator", "series", "subject"
    )
    return list(rows.order_by("starts_at"))


def observers(series) -> list[int | None]:
    return [one.observer_id for one in planned(series)]


def change(series, **values):
    series.refresh_from_db()
    return all_series.change(series, values, by=SYSTEM, at=AT)


def reminded(meeting, days: int) -> Event:
    due = Due.objects.get(
        subject=meeting.subject, kind="meetings.turn", at=meeting.starts_at - timedelta(days=days)
    )
    turn.remind(due, at=due.at)
    return Event.objects.filter(verb="meetings.observation_near").latest("pk")


# ------------------------------------------------------------------ rotation


def test_a_series_has_no_observers_by_default(outside):
    series = make.series()

    assert not series.has_observer
    assert set(observers(series)) == {None}


def test_observers_of_the_chosen_team_take_even_turns_with_a_reason(series, outside):
    people.user("Of a third team", teams=[people.team()])
    found = observers(series)

    assert len(found) == 12
    assert {pk: found.count(pk) for pk in set(found)} == dict.fromkeys(
        outside.members.values_list("pk", flat=True), 4
    )
    first = planned(series)[0]
    assert first.observer_why == f"Next in rotation: data science; {first.observer.name} has not observed yet"


def test_without_chosen_teams_every_other_team_observes_and_no_participant_does(series, outside):
    third = people.user("Of a third team", teams=[people.team()], function=people.function("data-science"))
    people.user("Of no team")
    both = people.user("Of both", teams=[outside, series.teams.get()])
    named = outside.members.exclude(pk=both.pk).first()
    change(series, observer_teams=[], participants=[named])

    inside = {named.pk, *series.teams.get().members.values_list("pk", flat=True)}
    assert both.pk in inside
    assert set(observers(series)) == {third.pk, *outside.members.values_list("pk", flat=True)} - inside


def test_viewers_and_former_people_do_not_observe(series, outside):
    viewer, former, other = outside.members.order_by("pk")
    persons.set_role(viewer, Role.VIEWER, by=SYSTEM, at=AT)
    persons.deactivate(former, by=SYSTEM, at=AT)
    schedule.act(AT)

    assert set(observers(series)) == {other.pk}


def test_who_is_away_is_passed_and_the_turns_follow_when_they_are_back(series):
    first = planned(series)[0]
    absence = persons.be_away(
        first.observer, from_on=AT.date(), until_on=AT.date() + timedelta(days=25), by=SYSTEM, at=AT
    )
    schedule.act(AT)

    after = planned(series)
    assert first.observer_id not in [one.observer_id for one in after[:4]]
    assert f"{first.observer.name} is away" in after[0].observer_why
    persons.be_back(absence, by=SYSTEM, at=AT)
    schedule.act(AT)
    assert observers(series)[0] == first.observer_id


def test_a_new_member_of_the_team_gets_turns_and_one_who_leaves_has_none(series, outside):
    newcomer = people.user("Newcomer", function=people.function("data-science"))
    teams.join(outside, newcomer, by=SYSTEM, at=AT)
    schedule.act(AT)
    assert newcomer.pk in observers(series)

    teams.leave(outside, newcomer, by=SYSTEM, at=AT)
    schedule.act(AT)
    assert newcomer.pk not in observers(series)


def test_an_observer_who_becomes_a_participant_does_not_observe(series):
    observer = planned(series)[0].observer
    teams.join(series.teams.get(), observer, by=SYSTEM, at=AT)
    schedule.act(AT)

    assert observer.pk not in observers(series)


def test_past_meetings_keep_their_observer_and_count(series):
    first = planned(series)[0]
    later = first.ends_at + timedelta(hours=1)
    meetings.start(first, by=SYSTEM, at=first.starts_at)
    meetings.close(Meeting.objects.get(pk=first.pk), by=SYSTEM, at=first.ends_at)
    observed = first.observer_id
    series.refresh_from_db()
    all_series.change(series, {"has_observer": False}, by=SYSTEM, at=later)
    assert observers(series)[0] == observed
    assert set(observers(series)[1:]) == {None}

    all_series.change(series, {"has_observer": True}, by=SYSTEM, at=later)
    assert observers(series)[0] == observed
    assert observers(series)[1] != observed
    assert observers(series)[3] == observed


def test_a_check_in_has_no_observer(outside):
    series = make.series(has_observer=True, is_check_in=True, observer_teams=[outside])

    assert set(observers(series)) == {None}


# ------------------------------------------------------------------ what they are told


@pytest.mark.parametrize("days", [7, 1])
def test_an_observer_is_reminded_with_an_invitation_to_that_meeting_alone(series, days):
    meeting = planned(series)[1 if days == 7 else 0]
    event = reminded(meeting, days)
    schedule.act(event.at)

    told = Entry.objects.filter(event=event).values_list("user_id", "why")
    assert list(told) == [(meeting.observer_id, "You are the observer")]
    assert mail.observation_is_theirs(event, meeting.observer, event.at) == ""
    context = mail.observation_context(event, meeting.observer)
    (entry,) = Calendar.from_ical(context["calendar"].content).walk("VEVENT")
    assert str(entry["UID"]).startswith(f"meeting-{meeting.pk}@")
    assert "RECURRENCE-ID" not in entry
    assert entry["DTSTART"].dt == meeting.starts_at
    assert f"Observer: {meeting.observer.name}" in entry["DESCRIPTION"]


def test_a_moved_meeting_is_told_to_its_observer_as_an_entry_of_its_own(series):
    meeting = planned(series)[1]
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(hours=2), by=SYSTEM, at=AT)
    schedule.act(AT)

    entry = Entry.objects.get(event__verb="meetings.meeting_moved", user=meeting.observer)
    assert entry.why == "You are the observer"
    invitation = mail.time_context(entry.event, meeting.observer)["calendar"].content.decode()
    assert f"UID:meeting-{meeting.pk}@" in invitation
    others = mail.time_context(entry.event, meeting.facilitator)["calendar"].content.decode()
    assert f"UID:series-{series.pk}@" in others


def test_a_change_of_the_series_is_told_only_to_an_invited_observer(series):
    invited = planned(series)[0]
    event = reminded(invited, 1)
    all_series.change(series, {"length_minutes": 60, "rrule": "FREQ=WEEKLY;BYDAY=TH"}, by=SYSTEM, at=event.at)
    schedule.act(event.at)

    told = Entry.objects.filter(event__verb="meetings.meeting_cancelled")
    assert [(entry.user_id, entry.event.subject_id) for entry in told] == [
        (invited.observer_id, invited.subject_id)
    ]


def test_a_change_of_observers_is_told(series):
    before = planned(series)[0].observer
    persons.be_away(before, from_on=AT.date(), until_on=AT.date() + timedelta(days=25), by=SYSTEM, at=AT)
    schedule.act(AT)

    reasons = set(
        Entry.objects.filter(event__verb="meetings.meeting_replanned").values_list("user_id", "why")
    )
    assert {pk for pk, _ in reasons} >= {before.pk, planned(series)[0].observer_id}


def test_the_feed_of_an_observer_has_their_meetings_only(series):
    observer = planned(series)[0].observer
    content = calendar.feed(observer, None, at=AT)

    found = [str(entry["UID"]) for entry in Calendar.from_ical(content).walk("VEVENT")]
    assert len(found) == observers(series).count(observer.pk) == 4


# ------------------------------------------------------------------ the meeting itself


def test_an_observer_reads_the_agenda_but_no_restricted_item_and_runs_nothing(client, series):
    meeting = planned(series)[0]
    insider = meeting.facilitator
    make.item(meeting, title="Open item")
    make.item(meeting, title="Hidden item", about=make.restricted([insider], "Hidden item"))
    client.force_login(meeting.observer)

    page = client.get(f"/meetings/{meeting.reference}/").content.decode()
    assert "Open item" in page
    assert "Hidden item" not in page
    context = mail.context(Event.objects.filter(subject=meeting.subject).latest("pk"), meeting.observer)
    assert [item.is_hidden for item in context["items"]] == [False, True]
    assert (
        client.post(f"/meetings/{meeting.reference}/start/", {"version": meeting.version}).status_code == 403
    )
    assert not Entry.objects.filter(user=meeting.observer, event__subject__title="Hidden item").exists()


def test_an_observer_who_opens_the_live_page_is_present_and_counts_for_no_function(series):
    meeting = make.live(series)
    observer = planned(series)[0].observer

    assert attendance.arrive(meeting, observer, by=SYSTEM, at=meeting.starts_at)
    shown = live.live(planned(series)[0], observer, meeting.starts_at)
    assert observer in shown.people
    assert observer.pk in shown.present
    assert minutes.minutes(planned(series)[0], observer) is not None
    stranger = people.user("Stranger")
    assert not attendance.arrive(meeting, stranger, by=SYSTEM, at=meeting.starts_at)


def test_the_pages_show_the_observer_with_the_reason(client, series):
    meeting = planned(series)[0]
    client.force_login(meeting.facilitator)
    plan = client.get(f"/meetings/series/{series.pk}/").content.decode()
    page = client.get(f"/meetings/{meeting.reference}/").content.decode()

    assert f"Observer {meeting.observer.name}: {meeting.observer_why}" in plan
    assert f"Observer: {meeting.observer_why}" in page
    change(series, has_observer=False)
    assert (
        f"Observer {meeting.observer.name}"
        not in client.get(f"/meetings/series/{series.pk}/").content.decode()
    )


def test_the_form_sets_observers_and_their_teams(client, series, outside):
    manager = people.user("Manager", role=Role.RISK_MANAGER)
    client.force_login(manager)
    page = client.get("/meetings/series/new/").content.decode()
    assert "An observer from another team" in page
    assert "Choose none to take observers from all other teams." in page

    fields = {
        "name": "With observers", "repeats": "FREQ=WEEKLY", "first_on": "2026-12-01", "starts_at": "10:00",
        "length_minutes": "45", "time_zone": "Europe/Berlin", "teams": [series.teams.get().pk],
        "has_observer": "on", "observer_teams": [outside.pk],
    }  # fmt: skip
    answer = client.post("/meetings/series/new/", fields)

    assert answer.status_code == 303, answer.content.decode()
    made = type(series).objects.get(name="With observers")
    assert made.has_observer
    assert set(observers(made)) == set(outside.members.values_list("pk", flat=True))


class Caller:
    """A client of the API with a token of a risk manager."""

    def __init__(self) -> None:
        person = people.user("Manager", role=Role.RISK_MANAGER)
        _, text = token.issue(person, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, path):
        return self.client.get(f"/api/v1/{path}")

    def patch(self, path, body, etag):
        return self.client.patch(
            f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers={"If-Match": etag}
        )


def test_the_api_has_and_sets_the_observers(series, outside):
    caller, first = Caller(), planned(series)[0]
    row = caller.get(f"meeting-series/{series.pk}/rota").json()["meetings"][0]
    assert (row["observer_id"], row["observer_why"]) == (first.observer_id, first.observer_why)
    row = caller.get(f"meetings/{first.reference}").json()
    assert (row["observer_id"], row["observer_why"]) == (first.observer_id, first.observer_why)

    address = f"meeting-series/{series.pk}"
    found = caller.get(address)
    assert (found.json()["has_observer"], found.json()["observer_team_ids"]) == (True, [outside.pk])
    answer = caller.patch(address, {"has_observer": False, "observer_teams": []}, found["ETag"])
    assert answer.status_code == 200, answer.content
    assert (answer.json()["has_observer"], answer.json()["observer_team_ids"]) == (False, [])
    assert set(observers(series)) == {None}


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_series_takes_the_same_queries_for_any_number(series, number, django_assert_num_queries):
    for _ in range(number - 1):
        make.series(has_observer=True)
    caller = Caller()
    caller.get("meeting-series")

    with django_assert_num_queries(4):
        answer = caller.get("meeting-series")
    assert answer.json()["count"] == number


@pytest.mark.parametrize("each", [1, 3])
def test_the_plan_takes_the_same_queries_for_any_number_of_observers(each, django_assert_num_queries):
    outside, found = make.crew("data-science", each=each)
    series = make.series(has_observer=True, observer_teams=[outside])
    reader = found[0]
    ahead(series, reader, AT)

    with django_assert_num_queries(4):
        plan = ahead(series, reader, AT)
        assert len({meeting.observer.name for meeting in plan.meetings}) == each


def test_the_preview_says_that_meetings_get_an_observer(outside):
    team, _ = make.crew("data-science", "data-engineering")
    series = make.series(team)

    effects = preview.of_change(series, {"has_observer": True, "observer_teams": [outside]}, by=SYSTEM, at=AT)

    assert {one.what for one in effects.meetings} == {"new observer"}
    assert len(effects.meetings) == len(planned(series))
    assert not any(meeting.observer for meeting in planned(series))
