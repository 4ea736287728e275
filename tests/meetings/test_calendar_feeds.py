"""The calendars at secret addresses, the page that makes them, and the calendars of the API."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from meetings.models import CalendarFeed, Meeting
from meetings.operations import calendar_feed as feeds
from meetings.operations import meeting as meetings
from people.operations import person as persons
from people.operations import team as teams
from people.operations import token
from riskhub import schedule
from tests.factories import meetings as make
from tests.factories import people
from tests.moments import AT

pytestmark = pytest.mark.django_db
PAGE = "/meetings/calendar/"


@pytest.fixture
def series():
    team, _ = make.crew()
    return make.series(team, name="Weekly risk review", place="https://meet.example.org/risk")


@pytest.fixture
def member(series):
    return series.teams.get().members.order_by("pk")[0]


def address_of(secret: str) -> str:
    return reverse("meetings:calendar_feed", args=[secret])


def subscribed(person, series=None) -> str:
    return address_of(feeds.add(person, series=series, by=SYSTEM, at=AT)[1])


def events_at(address: str) -> list:
    answer = Client().get(address)
    assert answer.status_code == 200
    return Calendar.from_ical(answer.content).walk("VEVENT")


def test_a_feed_needs_no_session_and_has_each_meeting_with_place_link_and_agenda(series, member):
    found = events_at(subscribed(member))

    first = make.planned(series)
    assert len(found) == Meeting.objects.filter(series=series).count() == 12
    assert found[0]["UID"] == f"meeting-{first.pk}@localhost"
    assert found[0]["SUMMARY"] == "Weekly risk review: Data-quality signals"
    assert found[0]["DTSTART"].dt == first.starts_at
    assert found[0]["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert found[0]["DTEND"].dt - found[0]["DTSTART"].dt == timedelta(minutes=45)
    assert found[0]["LOCATION"] == found[0]["CONFERENCE"] == "https://meet.example.org/risk"
    assert found[0]["URL"].endswith(f"/meetings/{first.reference}/")
    assert f"Facilitator: {first.facilitator.name}" in found[0]["DESCRIPTION"]
    assert found[0]["STATUS"] == "CONFIRMED"


def test_a_moved_meeting_keeps_its_uid_and_its_sequence_rises_with_each_move(series, member):
    address, meeting = subscribed(member), make.planned(series, 1)
    seen = []
    for days in (1, 2, 3):
        seen.append(events_at(address)[1])
        meeting = make.planned(series, 1)
        meetings.move(meeting, starts_at=meeting.starts_at + timedelta(hours=days), by=SYSTEM, at=AT)
    seen.append(events_at(address)[1])

    assert len({event["UID"] for event in seen}) == 1
    sequences = [event["SEQUENCE"] for event in seen]
    assert sequences == sorted(set(sequences))
    assert seen[-1]["DTSTART"].dt == make.planned(series, 1).starts_at


def test_a_cancelled_meeting_stays_in_the_feed_as_cancelled(series, member):
    meeting = make.planned(series, 2)
    before = events_at(subscribed(member))[2]
    meetings.cancel(meeting, by=SYSTEM, at=AT)

    after = events_at(subscribed(member, series))[2]

    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_the_feed_of_a_person_has_the_series_in_which_they_take_part(series, member):
    make.series(name="Other series")
    elsewhere = make.planned(make.series(name="Led elsewhere"))
    Meeting.objects.filter(pk=elsewhere.pk).update(facilitator=member)

    titles = {str(event["SUMMARY"]).split(":")[0] for event in events_at(subscribed(member))}

    assert titles == {"Weekly risk review", "Led elsewhere"}


def test_a_meeting_of_several_teams_is_in_the_feed_and_on_the_list_once(client):
    both = [people.team(), people.team()]
    ana = people.user("Ana", teams=both)
    series = make.series(both[0], teams=both)
    client.force_login(ana)

    assert len(events_at(subscribed(ana))) == 12
    listed = client.get("/meetings/?show=mine").content.decode()
    assert listed.count(f'id="m-{make.planned(series).pk}"') == 1


def test_the_visibility_of_the_owner_applies_at_each_reading(series, member):
    """The address stays, and what the owner no longer takes part in is gone."""
    address = subscribed(member)
    assert events_at(address)

    Meeting.objects.filter(series=series).update(facilitator=None, stand_in=None, scribe=None)
    teams.leave(series.teams.get(), member, by=SYSTEM, at=AT)

    assert events_at(address) == []


def test_the_address_of_a_deactivated_person_ends_at_once_and_for_good(member):
    address = subscribed(member)
    persons.deactivate(member, by=SYSTEM, at=AT)
    assert Client().get(address).status_code == 404

    schedule.act(AT)
    persons.reactivate(member, by=SYSTEM, at=AT)

    assert Client().get(address).status_code == 404
    assert not CalendarFeed.objects.filter(ended_at__isnull=True).exists()


def test_a_link_for_a_new_password_ends_the_addresses(member):
    address = subscribed(member)
    persons.note_link(member, by=SYSTEM, at=AT)
    schedule.act(AT)

    assert Client().get(address).status_code == 404


def test_renewing_ends_the_old_address(member):
    feed, secret = feeds.add(member, by=SYSTEM, at=AT)
    _, fresh = feeds.renew(feed, by=SYSTEM, at=AT)

    assert Client().get(address_of(secret)).status_code == 404
    assert Client().get(address_of(fresh)).status_code == 200
    with pytest.raises(Refused):
        feeds.renew(feed, by=SYSTEM, at=AT)


def test_a_second_address_for_the_same_calendar_is_refused(series, member):
    subscribed(member), subscribed(member, series)

    for same in (None, series):
        with pytest.raises(Refused) as refusal:
            feeds.add(member, series=same, by=SYSTEM, at=AT)
        assert refusal.value.field == "series"


def test_only_the_hash_of_the_secret_is_stored(member):
    feed, secret = feeds.add(member, by=SYSTEM, at=AT)

    feed.refresh_from_db()
    assert bytes(feed.secret_hash) == feeds.hash_of(secret)
    assert secret not in str(list(Event.objects.values_list("data", flat=True)))
    assert "secret_hash" not in str(list(Event.objects.values_list("data", flat=True)))


def test_an_unchanged_calendar_is_answered_with_304(series, member):
    address = subscribed(member)
    first = Client().get(address)
    again = Client().get(address, headers={"If-None-Match": first["ETag"]})
    make.item(make.planned(series))
    meetings.move(make.planned(series), starts_at=AT + timedelta(days=1), by=SYSTEM, at=AT)
    changed = Client().get(address, headers={"If-None-Match": first["ETag"]})

    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_reading_is_noted_once_an_hour(member, move_clock):
    address = subscribed(member)
    for minutes in (0, 30, 70):
        move_clock(AT + timedelta(minutes=minutes))
        Client().get(address)
        noted = CalendarFeed.objects.get().last_read_at
        assert noted == (AT if minutes < 60 else AT + timedelta(minutes=70))


@pytest.mark.parametrize("number", [1, 3])
def test_a_feed_takes_the_same_queries_for_any_number_of_meetings(
    series, member, number, django_assert_num_queries
):
    for _ in range(number - 1):
        make.series(series.teams.get())
    address = subscribed(member)
    Client().get(address)

    with django_assert_num_queries(6):
        assert len(events_at(address)) == number * 12


# ------------------------------------------------------------------ the page and the API


def test_the_page_shows_a_new_address_once_and_it_works(client, series, member):
    client.force_login(member)

    shown = client.post(f"{PAGE}new/", {"series": series.pk, "once": "k1"}).content.decode()

    address = re.search(r"http://[^/]+(/meetings/calendar/[\w-]+\.ics)", shown)[1]
    assert len(events_at(address)) == 12
    assert address not in client.get(PAGE).content.decode()
    assert series.name in client.get(PAGE).content.decode()


def test_the_page_renews_and_ends_an_address(client, member):
    client.force_login(member)
    feed, secret = feeds.add(member, by=SYSTEM, at=AT)

    shown = client.post(f"{PAGE}{feed.pk}/renew/").content.decode()
    fresh = CalendarFeed.objects.get(ended_at__isnull=True)
    answer = client.post(f"{PAGE}{fresh.pk}/end/")

    assert ".ics" in shown and secret not in shown
    assert answer.status_code == 303
    assert not CalendarFeed.objects.filter(ended_at__isnull=True).exists()


def test_nobody_renews_or_ends_the_address_of_another_person(client, member):
    feed, secret = feeds.add(member, by=SYSTEM, at=AT)
    client.force_login(people.user("Eve"))

    assert client.post(f"{PAGE}{feed.pk}/renew/").status_code == 404
    assert client.post(f"{PAGE}{feed.pk}/end/").status_code == 404
    assert Client().get(address_of(secret)).status_code == 200


def test_the_page_refuses_a_second_address_in_place(client, member):
    client.force_login(member)
    feeds.add(member, by=SYSTEM, at=AT)

    answer = client.post(f"{PAGE}new/", {"series": ""})

    assert answer.status_code == 422
    assert "Renew it to see a new one" in answer.content.decode()


@pytest.mark.parametrize("path", ["calendar.ics", "meeting-series/{}/calendar.ics"])
def test_the_api_has_the_calendar_of_a_series_and_of_the_caller(series, member, path):
    _, text = token.issue(member, name="khal", by=SYSTEM, at=AT)
    client, address = Client(headers={"Authorization": f"Bearer {text}"}), f"/api/v1/{path.format(series.pk)}"

    answer = client.get(address)
    again = client.get(address, headers={"If-None-Match": answer["ETag"]})

    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert len(Calendar.from_ical(answer.content).walk("VEVENT")) == 12
    assert again.status_code == 304
    assert client.get("/api/v1/meeting-series/7759999/calendar.ics").status_code == 404
    assert Client().get(address).status_code == 401
