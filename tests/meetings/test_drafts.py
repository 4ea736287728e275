"""Drafts, single and added meetings, check-ins, standing items, days off, and what a change will do."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client

from history.models import Due, Event
from kit.actor import SYSTEM
from kit.refusals import IllegalMove, Refused
from meetings.models import AgendaItem, Meeting, MeetingSeries
from meetings.operations import agenda, extra, preview
from meetings.operations import calendar_feed as feeds
from meetings.operations import decision as decisions
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from meetings.queries import days_off
from meetings.states import MeetingState
from notices.models import Entry, Message
from people.operations import organisation, token
from people.operations import person as persons
from people.states import Role, TokenScope
from riskhub import schedule
from tests.factories import meetings as make
from tests.factories import people, risklog_review
from tests.moments import AT

pytestmark = pytest.mark.django_db
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def planned(series) -> list[Meeting]:
    rows = Meeting.objects.filter(series=series, state=MeetingState.PLANNED)
    return list(rows.select_related("series", "subject").order_by("starts_at"))


def told() -> tuple[int, int]:
    schedule.act(AT)
    return Entry.objects.count(), Message.objects.count()


# ------------------------------------------------------------------ drafts


def test_a_draft_plans_and_tells_and_mails_nobody(at):
    team, _ = make.crew("data-science", "data-engineering", each=2)
    draft = make.series(team, is_draft=True)
    assert len(planned(draft)) == 12
    assert all(one.facilitator_id for one in planned(draft))

    all_series.change(draft, {"starts_at": time(14), "place": "Room 5"}, by=SYSTEM, at=at)
    one = planned(draft)[3]
    meetings.move(one, starts_at=one.starts_at + DAY, by=SYSTEM, at=at)
    meetings.cancel(planned(draft)[4], by=SYSTEM, at=at)
    away = planned(draft)[0].facilitator
    persons.be_away(away, from_on=AT.date(), until_on=AT.date() + 80 * DAY, by=SYSTEM, at=AT)
    all_series.change(draft, {"participants": [people.user("Nia")]}, by=SYSTEM, at=at)
    assert told() == (0, 0)

    first = planned(draft)[0]
    due = Due.objects.filter(subject=first.subject, kind=agenda.PUBLISH).latest("pk")
    agenda.publish(due, at=first.starts_at - timedelta(hours=20))
    first.refresh_from_db()
    assert first.published_at is None
    all_series.retire(draft, by=SYSTEM, at=at)
    assert told() == (0, 0)


def test_publishing_a_draft_invites_each_participant_once(at):
    team, members = make.crew()
    draft = make.series(team, is_draft=True)
    all_series.publish(draft, by=SYSTEM, at=at)

    assert told() == (len(members), len(members))
    assert set(Message.objects.values_list("verb", flat=True)) == {"meetings.series_published"}
    with pytest.raises(Refused, match="Only a draft"):
        all_series.publish(draft, by=SYSTEM, at=at)


def test_nothing_is_routed_to_a_draft_until_it_is_published(at):
    team, _ = make.crew()
    draft = make.series(team, is_draft=True)
    model = risklog_review.model(owner_team=team)
    review = risklog_review.review(about=model.subject, of_model=model)
    schedule.act(AT)
    assert not AgendaItem.objects.filter(about=review.subject).exists()

    all_series.publish(draft, by=SYSTEM, at=at)

    assert AgendaItem.objects.get(about=review.subject).meeting.series == draft


def test_a_draft_is_on_no_list_of_meetings_and_in_no_calendar(client, at):
    team, (ana, _) = make.crew()
    draft = make.series(team, is_draft=True, name="Secret plan")
    meeting = planned(draft)[0]
    client.force_login(ana)
    _, secret = feeds.add(ana, by=SYSTEM, at=at)

    for path in ("/meetings/", "/meetings/?show=mine", "/"):
        assert meeting.reference not in client.get(path).content.decode()
    assert b"Secret plan" not in client.get(f"/meetings/calendar/{secret}.ics").content
    assert meeting.reference in client.get(f"/meetings/series/{draft.pk}/").content.decode()


def test_a_meeting_of_a_draft_cannot_be_started():
    meeting = planned(make.series(is_draft=True))[0]

    with pytest.raises(Refused, match="Publish it first"):
        meetings.start(meeting, by=SYSTEM, at=meeting.starts_at)


# ------------------------------------------------------------------ single and added meetings


def test_a_meeting_that_does_not_repeat_is_planned_at_any_distance():
    single = make.series(rrule="FREQ=DAILY;COUNT=1", first_on=date(2027, 9, 1))

    (meeting,) = planned(single)
    assert meeting.starts_at == datetime(2027, 9, 1, 8, tzinfo=UTC)


def test_an_added_meeting_takes_the_next_focus_and_survives_a_change_of_the_rule(at):
    series = make.series(rrule="FREQ=WEEKLY;BYDAY=WE")
    before = [one.focus_id for one in planned(series)]
    friday = datetime(2026, 11, 27, 9, tzinfo=UTC)
    added = extra.add(series, starts_at=friday, length_minutes=20, by=SYSTEM, at=at)

    after = planned(series)
    assert after[1].pk == added.pk
    assert [one.focus_id for one in after][:12] == before
    assert after[1].facilitator_id
    assert after[1].ends_at - after[1].starts_at == timedelta(minutes=20)

    all_series.change(series, {"rrule": "FREQ=WEEKLY;BYDAY=TH"}, by=SYSTEM, at=at)
    added.refresh_from_db()
    assert (added.state, added.starts_at) == (MeetingState.PLANNED, friday)


@pytest.mark.parametrize(
    ("when", "field"), [(AT - DAY, "starts_at"), (datetime(2026, 11, 25, 9, tzinfo=UTC), "starts_at")]
)
def test_a_meeting_in_the_past_or_at_a_taken_time_is_not_added(when, field):
    series = make.series()

    with pytest.raises(Refused) as refusal:
        extra.add(series, starts_at=when, by=SYSTEM, at=AT)

    assert refusal.value.field == field


def test_an_added_meeting_is_mailed_and_cancelled_with_its_series(at):
    series = make.series()
    added = extra.add(series, starts_at=AT + 4 * DAY, by=SYSTEM, at=at)
    all_series.retire(series, by=SYSTEM, at=at)
    schedule.act(AT)

    verbs = set(Message.objects.filter(subject=added.subject).values_list("verb", flat=True))
    assert verbs == {"meetings.meeting_added", "meetings.meeting_cancelled"}


# ------------------------------------------------------------------ standing items and check-ins


def test_standing_items_begin_each_agenda_and_stay_removed(at):
    items = [
        {"title": "News", "purpose": "inform", "minutes": 5},
        {"title": "Who needs help?", "purpose": "discuss", "minutes": 10},
    ]
    series = make.series(standing_items=items)
    meeting = planned(series)[0]
    make.item(meeting, title="Something else")
    agenda.build(meeting, at=at)
    agenda.build(meeting, at=at)

    found = meeting.items.order_by("rank")
    assert [item.title for item in found] == ["News", "Who needs help?", "Something else"]
    assert (found[0].minutes, found[1].purpose) == (5, "discuss")
    assert found[0].why == "Standing item of the series"


@pytest.mark.parametrize(
    "item",
    [
        {"title": " ", "purpose": "inform", "minutes": 5},
        {"title": "x", "purpose": "chat", "minutes": 5},
        {"title": "x", "purpose": "inform", "minutes": 0},
        {"title": "x", "purpose": "inform", "minutes": True},
        {"title": "x", "purpose": "inform", "minutes": 5, "about": 3},
    ],
)
def test_a_bad_standing_item_is_refused(item):
    with pytest.raises(Refused) as refusal:
        make.series(standing_items=[item])

    assert refusal.value.field == "standing_items"


def test_a_check_in_has_no_scribe_no_routed_items_and_no_minutes(at):
    team, _ = make.crew()
    series = make.series(team, is_check_in=True, length_minutes=10)
    meeting = planned(series)[0]
    model = risklog_review.model(owner_team=team)
    risklog_review.review(about=model.subject, of_model=model)
    meetings.start(meeting, by=SYSTEM, at=meeting.starts_at)
    meetings.close(meeting, by=SYSTEM, at=meeting.ends_at)
    schedule.act(meeting.ends_at)

    assert meeting.scribe_id is None
    assert not series.focuses.exists()
    assert not meeting.items.exists()
    assert not Message.objects.filter(verb="meetings.meeting_closed").exists()


def test_an_unfinished_item_of_a_check_in_moves_to_the_next_one(at):
    series = make.series(is_check_in=True)
    first, second = planned(series)[:2]
    item = make.item(first, title="Odd counts")
    meetings.start(first, by=SYSTEM, at=first.starts_at)
    meetings.close(first, by=SYSTEM, at=first.ends_at)

    item.refresh_from_db()
    assert item.state == "carried"
    assert second.items.get().title == "Odd counts"


# ------------------------------------------------------------------ days off


@pytest.fixture
def in_germany():
    owner = organisation.found(name="Northwind", time_zone="Europe/Berlin", by=SYSTEM, at=AT)
    organisation.change(owner, {"country": "DE"}, by=SYSTEM, at=AT)


def test_a_meeting_on_a_holiday_is_flagged_with_the_next_working_day(in_germany, client):
    series = make.series(rrule="FREQ=WEEKLY;BYDAY=FR", starts_at=time(10))
    found = days_off.of_meetings(planned(series))

    (christmas,) = [off for off in found.values() if off.instead.date() == date(2026, 12, 28)]
    assert christmas.name == "Christmas Day"
    assert christmas.instead == datetime(2026, 12, 28, 9, tzinfo=UTC)
    meeting = Meeting.objects.get(series=series, starts_at=datetime(2026, 12, 25, 9, tzinfo=UTC))
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert "Christmas Day" in client.get(f"/meetings/series/{series.pk}/").content.decode()
    assert "Move it to Mon 28 Dec, 10:00" in client.get(f"/meetings/{meeting.reference}/").content.decode()

    client.post(
        f"/meetings/{meeting.reference}/move/", {"starts_at": "2026-12-28T10:00", "version": meeting.version}
    )
    meeting.refresh_from_db()
    assert meeting.starts_at == christmas.instead


# ------------------------------------------------------------------ what a change will do


def test_the_preview_tells_what_the_change_then_does(at):
    team, _ = make.crew("data-science", "data-engineering", each=2)
    series = make.series(team, rrule="FREQ=WEEKLY;BYDAY=WE")
    joining = people.user("Nia")
    values = {"rrule": "FREQ=WEEKLY;BYDAY=TH", "participants": [joining]}
    events, rows = Event.objects.count(), {one.pk: one.starts_at for one in planned(series)}

    effects = preview.of_change(series, values, by=SYSTEM, at=at)

    assert Event.objects.count() == events
    assert {one.pk: one.starts_at for one in planned(series)} == rows
    all_series.change(MeetingSeries.objects.get(pk=series.pk), values, by=SYSTEM, at=at)
    after = {one.pk: one for one in planned(series)}
    assert {one.after for one in effects.meetings if one.what == "added"} == {
        one.starts_at for one in after.values()
    }
    assert {one.reference for one in effects.meetings if one.what == "cancelled"} == {
        one.reference
        for one in Meeting.objects.filter(series=series, state="cancelled").select_related("subject")
    }
    assert effects.joining == [joining]
    schedule.act(AT)
    mailed = Message.objects.filter(verb="meetings.series_changed").values_list("user__name", flat=True)
    assert sorted(person.name for person in effects.notified) == sorted(mailed)
    assert Message.objects.filter(user=joining).count() == 1


def test_the_page_shows_what_a_change_does_and_saves_it_as_shown(client):
    series = make.series()
    client.force_login(people.user(role=Role.RISK_MANAGER))
    page = f"/meetings/series/{series.pk}/edit/"
    values = {
        "name": series.name, "repeats": "FREQ=WEEKLY", "first_on": "2026-11-25", "starts_at": "14:00",
        "length_minutes": 45, "time_zone": "Europe/Berlin", "teams": series.teams.get().pk,
        "version": series.version,
    }  # fmt: skip

    shown = client.post(page, values)
    text = shown.content.decode()
    assert shown.status_code == 200
    assert "12 upcoming meetings" in text and "one mail about it" in text and "Nothing is saved yet" in text
    assert planned(series)[0].starts_at.hour == 9

    mark = text.split('name="previewed" value="')[1].split('"')[0]
    other = client.post(page, {**values, "starts_at": "15:00", "previewed": mark})
    assert other.status_code == 200 and "Nothing is saved yet" in other.content.decode()
    saved = client.post(page, {**values, "previewed": mark})
    assert saved.status_code == 303
    assert planned(series)[0].starts_at.hour == 13


def test_a_change_without_an_effect_on_meetings_or_people_is_saved_at_once(client):
    series = make.series()
    client.force_login(people.user(role=Role.RISK_MANAGER))
    values = {
        "name": "Renamed", "repeats": "FREQ=WEEKLY", "first_on": "2026-11-25", "starts_at": "10:00",
        "length_minutes": 45, "time_zone": "Europe/Berlin", "teams": series.teams.get().pk,
        "version": series.version,
    }  # fmt: skip

    assert client.post(f"/meetings/series/{series.pk}/edit/", values).status_code == 303
    series.refresh_from_db()
    assert series.name == "Renamed"


# ------------------------------------------------------------------ what goes wrong


def test_a_meeting_moved_by_hand_keeps_its_time_whatever_else_changes(at):
    series = make.series(rrule="FREQ=WEEKLY;BYDAY=WE")
    friday = datetime(2026, 12, 4, 15, tzinfo=UTC)
    meeting = meetings.move(planned(series)[1], starts_at=friday, by=SYSTEM, at=at)
    for values in (
        {"rrule": "FREQ=WEEKLY;BYDAY=TH"},
        {"starts_at": time(8), "time_zone": "America/New_York"},
        {"rrule": "FREQ=WEEKLY;BYDAY=WE", "length_minutes": 30},
    ):
        all_series.change(series, values, by=SYSTEM, at=at)
        meetings.plan(series, at=at)
        meeting.refresh_from_db()
        assert (meeting.state, meeting.starts_at) == (MeetingState.PLANNED, friday)


def test_a_meeting_with_decisions_in_it_is_not_cancelled_but_closed(at):
    """Decisions are taken in a live meeting, and a live meeting can only be closed."""
    meeting = make.live()
    decision = decisions.record(
        text="We wait.",
        reason="No data yet.",
        no_action_reason="Nothing to do.",
        meeting=meeting,
        by=SYSTEM,
        at=at,
    )

    with pytest.raises(IllegalMove):
        meetings.cancel(meeting, reason="Storm", by=SYSTEM, at=at)

    decision.refresh_from_db()
    meeting.refresh_from_db()
    assert (decision.state, meeting.state) == ("in_force", "live")


def test_the_items_of_a_cancelled_meeting_go_on(at):
    series = make.series()
    item = make.item(planned(series)[0], title="Open question")
    meetings.cancel(planned(series)[0], reason="Storm", by=SYSTEM, at=at)

    assert planned(series)[0].items.get().carried_from == item


@pytest.mark.parametrize(
    ("rrule", "first_on"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", date(2026, 11, 25)),  # never
        ("FREQ=WEEKLY;UNTIL=20260101", date(2026, 11, 25)),  # ends before it starts
        ("FREQ=WEEKLY;COUNT=3", date(2026, 1, 7)),  # is over
    ],
)
def test_a_rule_without_an_upcoming_meeting_is_refused(rrule, first_on):
    with pytest.raises(Refused) as refusal:
        make.series(rrule=rrule, first_on=first_on)

    assert refusal.value.field == "rrule"


def test_a_meeting_in_the_hour_that_the_clocks_skip_is_an_hour_later_once(move_clock):
    """02:30 on 28 March 2027 does not exist in Berlin: that meeting is at 03:30, the next one at 02:30."""
    when = datetime(2027, 3, 15, 9, tzinfo=UTC)
    move_clock(when)
    series = make.series(first_on=date(2027, 3, 21), starts_at=time(2, 30), rrule="FREQ=WEEKLY", at=when)

    local = [one.starts_at.astimezone(series.zone) for one in planned(series)[:3]]
    assert [f"{one:%d.%m. %H:%M}" for one in local] == ["21.03. 02:30", "28.03. 03:30", "04.04. 02:30"]


# ------------------------------------------------------------------ the API


def caller() -> Client:
    manager = people.user(role=Role.RISK_MANAGER)
    _, text = token.issue(manager, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_the_api_drafts_previews_publishes_adds_and_retires():
    client, (team, _) = caller(), make.crew()
    body = {
        "name": "Weekly", "first_on": "2026-11-25", "starts_at": "10:00", "time_zone": "Europe/Berlin",
        "teams": [team.slug], "is_draft": True,
        "standing_items": [{"title": "News", "purpose": "inform", "minutes": 5}],
    }  # fmt: skip

    def post(path, body=None, **headers):
        return client.post(
            f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
        )

    made = post("meeting-series", body)
    assert made.status_code == 201, made.content
    assert made.json()["is_draft"] is True
    assert made.json()["standing_items"] == body["standing_items"]
    path = f"meeting-series/{made.json()['id']}"
    shown = post(f"{path}/preview", {"starts_at": "14:00"}).json()
    assert {row["what"] for row in shown["meetings"]} == {"moved"}
    assert shown["told"] == []

    published = post(f"{path}/publish", **{"If-Match": made["ETag"]})
    assert published.json()["is_draft"] is False
    assert len(post(f"{path}/preview", {"starts_at": "14:00"}).json()["told"]) == 2
    added = post("meetings", {"series": made.json()["id"], "starts_at": "2026-11-27T09:00:00Z"})
    assert (added.status_code, added.json()["is_extra"]) == (201, True)
    retired = post(f"{path}/retire", **{"If-Match": published["ETag"]})
    assert retired.json()["is_retired"] is True
    assert post(f"{path}/preview", {"standing_items": [{"title": "x"}]}).status_code == 400
