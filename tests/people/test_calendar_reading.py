"""Duty calendars: read from a server, kept when it fails, and shown with what went wrong."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from notices.models import Entry
from people import duty_calendar
from people.models import CalendarReading, DutyPeriod, DutyRoster
from people.operations import calendar_reading
from people.operations import person as persons
from people.operations import roster as rosters
from people.operations.calendar_reading import BEGUN_WITHIN, LIMITS
from people.states import Role
from riskhub import schedule
from riskhub.celery import app
from risklog.models import Climb
from risklog.states import Who
from tests.conftest import AT
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
JSON = "application/json"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def science():
    people.organisation(time_zone="UTC")
    return people.function("data-science")


@pytest.fixture
def trio(science):
    return [people.user(n, email=f"{n}@example.org", function=science) for n in ("ana", "ben", "cem")]


@pytest.fixture
def ada(client, science):
    """An administrator, who is signed in."""
    person = people.user("Ada", role=Role.ADMINISTRATOR)
    client.force_login(person)
    return person


def calendar(*duties) -> bytes:
    """Return a file. duties: (first moment, length, text of the lines that name people)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN"]
    for number, (begins, length, names) in enumerate(duties):
        lines += ["BEGIN:VEVENT", f"UID:{number}", f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", names]
        lines += [f"DTEND:{begins + length:%Y%m%dT%H%M%SZ}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def serve(sink, *duties) -> None:
    body = calendar(*duties)
    sink.answer = lambda got: (200, {"Content-Type": "text/calendar"}, body)


def roster(science, sink, path="/secret-token/duty.ics") -> DutyRoster:
    return rosters.add(function=science, calendar_url=sink.url + path, by=SYSTEM, at=AT)


def read(at=AT) -> None:
    CalendarReading.objects.update(next_at=Now())
    calendar_reading.read_due(at=at)


def test_a_calendar_is_read_and_gives_the_plan(sink, science, trio, client, ada):
    ana, ben, _ = trio
    serve(sink, (AT - HOUR, DAY, "ATTENDEE:mailto:ana@example.org"), (AT + DAY, DAY, "SUMMARY:ben"))
    made = roster(science, sink)

    assert calendar_reading.read_due(at=AT).done == 1
    assert [got.path for got in sink.got] == ["/secret-token/duty.ics"]
    row = client.get("/api/v1/duties/data-science").json()
    assert (row["now"]["person_id"], row["people"], row["starts_on"]) == (ana.pk, [], None)
    assert [one["person_id"] for one in row["upcoming"]] == [ana.pk, ben.pk]
    assert row["calendar"] == {
        "host": "127.0.0.1",
        "read_at": "2026-11-23T10:00:00Z",
        "tried_at": "2026-11-23T10:00:00Z",
        "error": "",
        "unknown": [],
    }
    found = {
        person.name: [row["id"] for row in client.get(f"/api/v1/duties?person={person.pk}").json()["results"]]
        for person in trio
    }
    assert found == {"ana": [made.pk], "ben": [made.pk], "cem": []}


def test_it_is_read_again_after_a_quarter_of_an_hour_only(sink, science, trio):
    serve(sink)
    roster(science, sink)

    calendar_reading.read_due(at=AT)
    calendar_reading.read_due(at=AT + HOUR)

    assert len(sink.got) == 1
    CalendarReading.objects.update(next_at=Now() - timedelta(seconds=1))
    schedule.read_calendars()
    assert len(sink.got) == 2
    gap = CalendarReading.objects.annotate(now=Now()).get()
    assert timedelta(minutes=14) < gap.next_at - gap.now <= timedelta(minutes=15)


@pytest.mark.parametrize(
    "case",
    [
        ((500, {}, b"oops"), "127.0.0.1 answered with the status 500."),
        ((404, {}, b""), "127.0.0.1 answered with the status 404."),
        (
            (302, {"Location": "https://elsewhere.example.org/"}, b""),
            "127.0.0.1 answered with a redirect. Enter the address it leads to.",
        ),
        (
            (200, {}, b"<html>Sign in</html>"),
            "The answer is no iCalendar file: it does not begin with BEGIN:VCALENDAR.",
        ),
        ((200, {}, b"BEGIN:VCALENDAR\r\n" + b"X-A:b\r\n" * 300_000), "The calendar is larger than 2 MB."),
    ],
)
@pytest.mark.usefixtures("ada")
def test_a_failure_keeps_the_last_plan_and_says_so(sink, science, trio, client, case):
    ana, (answer, error) = trio[0], case
    serve(sink, (AT, 3 * DAY, "SUMMARY:ana"))
    roster(science, sink)
    read()

    sink.answer = lambda got: answer
    read(AT + HOUR)

    row = client.get("/api/v1/duties/data-science").json()
    assert row["now"]["person_id"] == ana.pk
    assert (row["calendar"]["error"], row["calendar"]["read_at"]) == (error, "2026-11-23T10:00:00Z")
    assert row["calendar"]["tried_at"] == "2026-11-23T11:00:00Z"
    page = client.get(reverse("people:function_detail", args=[science.pk])).content.decode()
    assert "The last attempt failed" in page
    assert "The plan that was read last applies" in page
    serve(sink, (AT, DAY, "SUMMARY:ben"))
    read(AT + 2 * HOUR)
    row = client.get("/api/v1/duties/data-science").json()
    assert (row["now"]["person_name"], row["calendar"]["error"]) == ("ben", "")


def test_administrators_are_told_after_an_hour_of_failures_once(sink, science, trio, ada):
    sink.answer = lambda got: (503, {}, b"")
    roster(science, sink)
    for number in range(6):
        read(AT + number * HOUR / 4)
        schedule.act(AT + number * HOUR / 4)
    events = Event.objects.filter(verb="people.duty_calendar_failed")

    assert [event.data["error"] for event in events] == ["127.0.0.1 answered with the status 503."]
    assert Entry.objects.filter(event__in=events, user=ada).count() == 1
    serve(sink)
    read(AT + 2 * HOUR)
    assert Event.objects.filter(verb="people.duty_calendar_recovered").count() == 1


def test_history_and_other_people_do_not_see_the_secret_address(sink, science, trio, client):
    serve(sink, (AT, DAY, "SUMMARY:Eve"))
    roster(science, sink)
    read()
    client.force_login(trio[0])

    page = client.get(reverse("people:function_detail", args=[science.pk])).content.decode()
    row = client.get("/api/v1/duties/data-science").json()

    assert "secret-token" not in page + str(row)
    assert "Eve" not in page
    assert (row["calendar"]["unknown"], row["calendar"]["host"]) == (None, "127.0.0.1")
    assert not Event.objects.filter(data__icontains="secret-token").exists()


def test_administrators_see_who_is_not_known(sink, science, trio, client, ada):
    people.user("Dan", email="dan@example.org")
    serve(sink, (AT, DAY, "SUMMARY:Eve"), (AT, DAY, "ATTENDEE:mailto:dan@example.org"))
    roster(science, sink)
    read()

    page = client.get(reverse("people:function_detail", args=[science.pk])).content.decode()
    assert "“Eve” names nobody" in page
    assert "Dan does not have this function, or may not act" in page
    assert not DutyPeriod.objects.exists()


def test_the_ladder_notifies_who_is_on_duty_by_the_calendar(sink, science, trio):
    ana, ben, cem = trio
    make.ladder((Who.FUNCTION, 60, {"function": science}))
    serve(sink, (AT - DAY, 2 * DAY, "SUMMARY:ben"), (AT + DAY, DAY, "SUMMARY:ana"))
    roster(science, sink)
    read()

    def told(at):
        climb = Climb.objects.get(escalation=make.escalation(at=at))
        return climb.notified_ids, climb.stand_ins

    assert told(AT) == ([ben.pk], {})
    assert told(AT + DAY + HOUR) == ([ana.pk], {})
    assert sorted(told(AT + 4 * DAY)[0]) == sorted([ana.pk, ben.pk, cem.pk])  # the calendar names nobody
    persons.be_away(ben, from_on=AT.date(), until_on=AT.date(), stand_in=cem, by=SYSTEM, at=AT)
    assert told(AT) == ([cem.pk], {str(cem.pk): ben.pk})


def test_the_preview_of_a_ladder_uses_the_moment_of_each_rung(sink, science, trio, client, ada):
    make.ladder((Who.FUNCTION, 240, {"function": science}), (Who.FUNCTION, 240, {"function": science}))
    serve(sink, (AT - DAY, DAY + HOUR, "SUMMARY:ben"), (AT + HOUR, DAY, "SUMMARY:ana"))
    roster(science, sink)
    read()

    rungs = client.get("/api/v1/ladders/preview?severity=critical").json()["rungs"]

    assert [[one["name"] for one in rung["people"]] for rung in rungs] == [["ben"], ["ana"]]


def test_reading_now_is_asked_for_by_page_and_api(sink, science, trio, client, ada):
    serve(sink)
    made = roster(science, sink)
    read()
    got = len(sink.got)

    assert client.post(reverse("people:calendar_read", args=[science.pk])).status_code == 303
    assert calendar_reading.read_due(at=AT).done == 1
    assert client.post(f"/api/v1/duties/{made.pk}/refresh", content_type=JSON).status_code == 200
    assert calendar_reading.read_due(at=AT).done == 1
    assert len(sink.got) == got + 2


def test_a_calendar_is_added_changed_and_ended_by_page(sink, science, trio, client, ada):
    serve(sink, (AT, DAY, "SUMMARY:ana"))
    page = reverse("people:function_detail", args=[science.pk])
    add = reverse("people:calendar_add", args=[science.pk])

    assert client.post(add, {"calendar_url": "http://10.0.0.1/x.ics"}).status_code == 422
    assert client.post(add, {"calendar_url": "webcal://calendar.example.org/x.ics"}).status_code == 303
    made = DutyRoster.objects.get()
    assert made.calendar_url == "https://calendar.example.org/x.ics"
    assert "It is read within a minute" in client.get(page).content.decode()
    change = {"calendar_url": sink.url + "/b.ics", "version": made.version}
    assert client.post(reverse("people:roster_change", args=[science.pk]), change).status_code == 303
    read()
    assert client.get(page).context["now"].person == trio[0]
    made.refresh_from_db()
    rosters.change(made, {"calendar_url": sink.url + "/c.ics"}, by=SYSTEM, at=AT)
    assert not DutyPeriod.objects.exists()
    end = reverse("people:roster_end", args=[science.pk])
    assert client.post(end, {"version": made.version}).status_code == 303
    assert not CalendarReading.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"calendar_url": "http://127.0.0.1/x"}, "calendar_url"),
        ({"calendar_url": "https://x:y@example.org/"}, "calendar_url"),
        ({"calendar_url": "https://example.org/x.ics", "people": ["ana@example.org"]}, "calendar_url"),
        ({"calendar_url": "https://example.org/x.ics", "starts_on": "2026-11-23"}, "calendar_url"),
        ({"people": ["ana@example.org"]}, "starts_on"),
        ({"starts_on": "2026-11-23"}, "people"),
        ({}, "starts_on"),
    ],
)
def test_what_the_api_refuses_names_the_field(client, ada, trio, body, field):
    answer = client.post("/api/v1/duties", {"function": "data-science", **body}, content_type=JSON)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_roster_does_not_change_its_kind(sink, science, trio):
    made = roster(science, sink)

    with pytest.raises(Refused, match="is read from a calendar"):
        rosters.change(made, {"people": trio}, by=SYSTEM, at=AT)
    rosters.end(made, by=SYSTEM, at=AT)
    turns = rosters.add(function=science, people=trio, starts_on=AT.date(), by=SYSTEM, at=AT)
    with pytest.raises(Refused, match="has turns"):
        rosters.change(turns, {"calendar_url": "https://example.org/x"}, by=SYSTEM, at=AT)
    with pytest.raises(Refused, match="not read from a calendar"):
        calendar_reading.ask(turns, by=SYSTEM, at=AT)


def test_a_calendar_that_was_changed_during_its_reading_stores_nothing(sink, science, trio):
    made = roster(science, sink)
    serve(sink, (AT, DAY, "SUMMARY:ana"))
    old = DutyRoster.objects.select_related("function").get()
    rosters.change(made, {"calendar_url": sink.url + "/other.ics"}, by=SYSTEM, at=AT)

    calendar_reading._read(CalendarReading(roster=old), AT)

    assert not DutyPeriod.objects.exists()
    assert CalendarReading.objects.get().tried_at is None


def test_the_failure_of_the_slowest_reading_is_stored_before_its_task_ends():
    slowest = BEGUN_WITHIN + LIMITS.total_seconds + duty_calendar.MOST_WAITING

    assert slowest + 2 < app.conf.task_soft_time_limit
