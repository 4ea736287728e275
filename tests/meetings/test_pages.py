"""The pages of meetings: their content for each reader, the number of queries, and their buttons."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit.actor import SYSTEM
from meetings.models import AgendaItem, Focus, Meeting, MeetingSeries
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.operations import placement
from meetings.queries import agenda as agendas
from meetings.states import ItemState, MeetingState
from people.states import Role
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew():
    people.organisation()
    return make.crew()


@pytest.fixture
def ana(crew):
    return crew[1][0]


def queries_of(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


def versioned(obj, **fields):
    """Return the values that a form of the page sends for this object."""
    obj.refresh_from_db()
    return {"version": obj.version, **fields}


def page(meeting) -> str:
    return reverse("meetings:meeting_detail", args=[meeting.reference])


def posted(meeting, step, **extra) -> str:
    return reverse(f"meetings:meeting_{step}", args=[meeting.reference])


def test_the_list_shows_upcoming_meetings_with_focus_facilitator_and_reason(client, crew, ana):
    make.series(crew[0], name="Forum")
    client.force_login(ana)

    text = client.get("/meetings/").content.decode()

    assert "Data-quality signals" in text
    assert "Next in rotation: data engineering" in text
    assert "Forum" in text


def test_empty_lists_say_the_next_step(client, ana):
    client.force_login(ana)
    for show in ("", "mine", "past"):
        assert 'class="empty"' in client.get(f"/meetings/?show={show}").content.decode()
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert "/meetings/series/new/" in client.get("/meetings/").content.decode()


def test_the_list_costs_the_same_with_more_rows(client, crew, ana):
    make.series(crew[0])
    client.force_login(ana)
    few = queries_of(client, "/meetings/")
    make.series(crew[0])
    make.series(crew[0])

    assert queries_of(client, "/meetings/") == few
    make.closed()
    one = queries_of(client, "/meetings/?show=past")
    make.closed(), make.closed()
    assert queries_of(client, "/meetings/?show=past") == one


def test_a_meeting_costs_the_same_with_more_items(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    make.item(meeting, about=risklog.review().subject)
    client.force_login(ana)
    one = queries_of(client, page(meeting))
    for _ in range(2):
        make.item(meeting, about=risklog.review().subject)

    assert queries_of(client, page(meeting)) == one


def test_a_series_costs_the_same_with_more_meetings(client, crew, ana):
    short = make.series(crew[0], rrule="FREQ=WEEKLY;COUNT=1")
    long = make.series(crew[0], rrule="FREQ=WEEKLY;COUNT=3")
    client.force_login(ana)

    one, three = (
        queries_of(client, reverse("meetings:series_detail", args=[series.pk])) for series in (short, long)
    )

    assert one == three


def test_a_hidden_item_is_shown_as_a_restricted_item(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    insider = people.user(role=Role.MEMBER)
    make.item(meeting, title="Canary title", why="Canary why", about=make.restricted([insider], "Canary"))

    client.force_login(ana)
    text = client.get(page(meeting)).content.decode()
    assert "Canary" not in text
    assert "Restricted item, 10 min" in text

    client.force_login(insider)
    assert "Canary title" in client.get(page(meeting)).content.decode()


def test_a_hidden_item_can_be_moved_but_not_read_or_changed(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    item = make.item(meeting, title="Canary", about=make.restricted([people.user()]))
    client.force_login(ana)

    answer = client.get(reverse("meetings:item_edit", args=[item.pk]), follow=True)
    assert "Canary" not in answer.content.decode()
    client.post(reverse("meetings:item_edit", args=[item.pk]), {"title": "Mine", "minutes": 5})
    item.refresh_from_db()
    assert item.title == "Canary"


def test_beyond_the_time_is_marked(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    make.item(meeting, minutes=40), make.item(meeting, minutes=10)
    client.force_login(ana)

    text = client.get(page(meeting)).content.decode()

    assert "50 of 45 min" in text
    assert "Over time" in text


def test_an_item_is_added_once_changed_moved_and_taken_off(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    make.item(meeting, title="First")
    client.force_login(ana)
    url = reverse("meetings:item_add", args=[meeting.reference])
    said = {"title": "Label leakage", "purpose": "decide", "minutes": 15, "once": "k1"}

    assert client.post(url, said).status_code == 303
    client.post(url, said)
    item = AgendaItem.objects.get(title="Label leakage")
    assert (item.added_by, item.purpose) == (ana, "decide")

    client.post(reverse("meetings:item_shift", args=[item.pk, "up"]), versioned(item))
    assert meeting.items.order_by("rank").first() == item

    edit = reverse("meetings:item_edit", args=[item.pk])
    item.refresh_from_db()
    changed = {"title": "Leakage", "purpose": "decide", "minutes": 5, "version": item.version}
    assert client.post(edit, changed).status_code == 303
    stale = client.post(edit, {**changed, "title": "Mine"})
    assert stale.status_code == 409
    assert "Mine" in stale.content.decode()
    assert "Leakage" in stale.content.decode()

    client.post(reverse("meetings:item_take_off", args=[item.pk]), versioned(item))
    item.refresh_from_db()
    assert item.state == ItemState.DROPPED
    client.post(f"{reverse('meetings:item_put_back', args=[item.pk])}?version={item.version}")
    item.refresh_from_db()
    assert item.state == ItemState.WAITING


def test_a_wrong_item_names_the_fix(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    hidden = make.restricted([people.user()])
    client.force_login(ana)
    url = reverse("meetings:item_add", args=[meeting.reference])

    answers = [
        client.post(url, {"title": "X", "purpose": "decide", "minutes": 5, "about": about})
        for about in ("R-999999", hidden.reference)
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    told = [answer.context["item_form"].errors["about"][0] for answer in answers]
    assert told[1] == told[0].replace("R-999999", hidden.reference)
    assert client.post(url, {"purpose": "decide", "minutes": 5}).status_code == 422


def test_start_and_lead_takes_the_turn(client, crew):
    meeting = make.planned(make.series(crew[0]))
    other = next(one for one in crew[1] if one != meeting.facilitator)
    client.force_login(other)

    client.post(posted(meeting, "start"), versioned(meeting, lead="1", is_confirmed="1"))

    meeting.refresh_from_db()
    assert (meeting.state, meeting.facilitator) == (MeetingState.LIVE, other)


def test_a_turn_is_taken_over_from_the_plan(client, crew):
    series = make.series(crew[0])
    meeting = make.planned(series)
    other = next(one for one in crew[1] if one != meeting.facilitator)
    client.force_login(other)
    back = reverse("meetings:series_detail", args=[series.pk])

    answer = client.post(posted(meeting, "take"), {"version": meeting.version, "next": back})

    assert answer.headers["Location"] == back
    meeting.refresh_from_db()
    assert meeting.facilitator == other


def test_move_cancel_and_reinstate_are_for_who_leads(client, crew, at):
    meeting = make.planned(make.series(crew[0]))
    other = (
        next(one for one in crew[1] if one not in {meeting.facilitator, meeting.stand_in})
        if len(crew[1]) > 2
        else people.user()
    )
    client.force_login(other)
    assert client.post(posted(meeting, "cancel")).status_code == 403

    client.force_login(meeting.facilitator)
    for starts_at, status in (("2020-01-01T10:00", 422), ("2026-11-27T10:00", 303)):
        answer = client.post(posted(meeting, "move"), versioned(meeting, starts_at=starts_at))
        assert answer.status_code == status
    client.post(posted(meeting, "cancel"), versioned(meeting, reason="Holiday"))
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED
    client.post(posted(meeting, "reinstate"), versioned(meeting))
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.PLANNED
    assert meeting.starts_at.hour == 9


def test_the_objective_conflict_keeps_the_writers_text(client, crew):
    meeting = make.planned(make.series(crew[0]))
    client.force_login(meeting.facilitator)
    client.post(posted(meeting, "objective"), {"objective": "Theirs", "version": meeting.version})

    answer = client.post(posted(meeting, "objective"), {"objective": "Mine", "version": meeting.version})

    assert answer.status_code == 409
    assert "Mine" in answer.content.decode()
    assert Meeting.objects.get(pk=meeting.pk).objective == "Theirs"


@pytest.mark.parametrize("step", ["take", "start", "cancel", "move", "objective", "reinstate"])
def test_a_step_of_a_meeting_needs_its_present_version(client, crew, step):
    meeting = make.planned(make.series(crew[0]))
    leader = meeting.facilitator
    if step == "take":
        leader = next(person for person in crew[1] if person != leader)
    if step == "reinstate":
        meetings.cancel(meeting, by=SYSTEM, at=make.AT)
    client.force_login(leader)
    fields = {"starts_at": "2026-11-27T10:00", "objective": "Mine", "reason": "Holiday", "is_confirmed": "1"}
    before = Meeting.objects.filter(pk=meeting.pk).values().get()

    for version in ({}, {"version": meeting.version + 5}):
        answer = client.post(posted(meeting, step), {**fields, **version})
        assert answer.status_code in {303, 409, 428}

    assert Meeting.objects.filter(pk=meeting.pk).values().get() == before


@pytest.mark.parametrize("step", ["edit", "shift", "take_off"])
def test_a_step_of_an_item_needs_its_present_version(client, crew, ana, step):
    meeting = make.planned(make.series(crew[0]))
    make.item(meeting, title="First")
    item = make.item(meeting, title="Second")
    client.force_login(ana)
    url = reverse(f"meetings:item_{step}", args=[item.pk, "up"] if step == "shift" else [item.pk])
    before = AgendaItem.objects.filter(pk=item.pk).values().get()

    for version in ({}, {"version": item.version + 5}):
        answer = client.post(url, {"title": "Mine", "purpose": "decide", "minutes": 5, **version})
        assert answer.status_code in {303, 409, 428}

    assert AgendaItem.objects.filter(pk=item.pk).values().get() == before


def test_an_item_moved_twice_from_one_page_moves_once(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    first, second, third = (make.item(meeting, title=title) for title in ("First", "Second", "Third"))
    client.force_login(ana)
    said = versioned(third)

    for _ in range(2):
        client.post(reverse("meetings:item_shift", args=[third.pk, "up"]), said)

    assert list(meeting.items.order_by("rank")) == [first, third, second]


@pytest.mark.parametrize(
    "step", ["series_edit", "series_retire", "focus_edit", "focus_shift", "focus_retire"]
)
def test_a_step_of_a_series_needs_its_present_version(client, crew, step):
    series = make.series(crew[0])
    focus = series.focuses.order_by("position")[1]
    obj = series if step.startswith("series") else focus
    client.force_login(people.user(role=Role.RISK_MANAGER))
    url = reverse(f"meetings:{step}", args=[obj.pk, "up"] if step == "focus_shift" else [obj.pk])
    before = type(obj).objects.filter(pk=obj.pk).values().get()

    for version in ({}, {"version": obj.version + 5}):
        answer = client.post(url, {**SERIES, **version})
        assert answer.status_code in {303, 409, 428}

    assert type(obj).objects.filter(pk=obj.pk).values().get() == before


def test_a_conflict_of_a_series_names_the_fields_that_differ(client, crew):
    series = make.series(crew[0], name="Theirs")
    client.force_login(people.user(role=Role.RISK_MANAGER))
    stale = {**SERIES, "name": "Mine", "teams": [crew[0].pk], "version": series.version + 5}

    answer = client.post(reverse("meetings:series_edit", args=[series.pk]), stale)

    form = answer.context["form"]
    labels = {difference.label for difference in form.conflict.differences}
    assert answer.status_code == 409
    assert "Name" in labels
    assert "Teams" not in labels
    assert f'name="version" value="{series.version}"' in answer.content.decode()


def test_a_toast_tells_late_visitors_that_the_meeting_is_cancelled(client, crew):
    meeting = make.planned(make.series(crew[0]))
    client.force_login(meeting.facilitator)
    said = versioned(meeting, reason="Holiday", starts_at="2026-11-27T10:00")
    client.post(posted(meeting, "cancel"), said)

    answer = client.post(posted(meeting, "move"), said, follow=True)

    assert answer.redirect_chain == [(page(meeting), 303)]
    assert "Only upcoming meetings can be changed." in answer.content.decode()


@pytest.mark.parametrize("path", ["/meetings/", "/meetings/decisions/"])
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("sort=starts_at", "sort"),
        ("state=nonsense", "state"),
        ("state=live&state=live", "state"),
        ("order=x", "order"),
    ],
)
def test_a_list_refuses_what_it_does_not_know_by_name(client, ana, path, query, parameter):
    client.force_login(ana)
    answer = client.get(f"{path}?{query}")

    assert answer.status_code == 400
    assert f"{parameter}: " in answer.content.decode()


def test_the_tab_and_a_filter_narrow_the_list(client, crew, ana):
    series, other = make.series(crew[0], name="Forum"), make.series(name="Circle")
    client.force_login(ana)

    mine = client.get("/meetings/?show=mine").context["page"].rows
    assert {meeting.series for meeting in mine} == {series}
    rows = client.get(f"/meetings/?series={other.pk}").context["page"].rows
    assert {meeting.series for meeting in rows} == {other}
    assert "No matching meetings" in client.get("/meetings/?series=999999").content.decode()


def test_viewers_and_strangers_change_nothing(client, crew):
    meeting = make.planned(make.series(crew[0]))
    item = make.item(meeting)
    for who in (people.user(role=Role.VIEWER), people.user()):
        client.force_login(who)
        assert client.get(page(meeting)).status_code == 200
        assert client.post(posted(meeting, "start")).status_code == 403
        assert client.post(reverse("meetings:item_shift", args=[item.pk, "up"])).status_code == 403
        assert client.get("/meetings/series/new/").status_code == 403
    assert client.get("/meetings/M-99999999/").status_code == 404


SERIES = {
    "name": "Forum",
    "rrule": "FREQ=WEEKLY",
    "first_on": "2026-11-25",
    "starts_at": "10:00",
    "length_minutes": "45",
    "time_zone": "Europe/Berlin",
}


def test_a_series_without_participants_says_so(client, crew, ana):
    alone, told = make.series(teams=()), "Nobody takes part yet"
    client.force_login(ana)
    url = reverse("meetings:series_detail", args=[alone.pk])

    assert told in client.get(url).content.decode()
    alone.participants.add(ana)
    assert told not in client.get(url).content.decode()


def test_a_series_is_added_once_and_edited(client, crew):
    client.force_login(people.user(role=Role.RISK_MANAGER))
    said = {**SERIES, "teams": [crew[0].pk], "functions": "Data science, data engineering", "once": "k"}

    assert client.get("/meetings/series/new/").status_code == 200
    assert client.post("/meetings/series/new/", said).status_code == 303
    client.post("/meetings/series/new/", said)
    series = MeetingSeries.objects.get()
    assert series.meetings.count() == 12
    assert len(series.function_order) == 2

    url = reverse("meetings:series_edit", args=[series.pk])
    assert "Data science, Data engineering" in client.get(url).content.decode()
    edited = {**said, "starts_at": "11:00", "version": series.version}
    shown = client.post(url, edited)
    assert shown.status_code == 200
    assert client.post(url, {**edited, "previewed": shown.context["mark"]}).status_code == 303
    assert make.planned(series).starts_at.hour == 10
    stale = client.post(url, {**edited, "name": "My name"})
    assert stale.status_code == 409
    assert "My name" in stale.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rrule", "FREQ=SECONDLY"),
        ("rrule", "FREQ=WEEKLY;INTERVAL=0"),
        ("rrule", "FREQ=WEEKLY;BYDAY=99WE"),
        ("rrule", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        ("rrule", "FREQ=WEEKLY;UNTIL=20200101"),
        ("first_on", "0001-01-01"),
        ("functions", "Alchemy"),
        ("name", ""),
        ("time_zone", "Mars"),
    ],
)
def test_a_wrong_series_names_the_fix(client, crew, field, value):
    client.force_login(people.user(role=Role.RISK_MANAGER))

    answer = client.post("/meetings/series/new/", {**SERIES, field: value})

    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_a_reader_in_another_time_zone_sees_both_times(client, crew):
    meeting = make.planned(make.series(crew[0]))
    client.force_login(people.user(time_zone="America/Los_Angeles"))

    page = client.get(reverse("meetings:meeting_detail", args=[meeting.reference])).content.decode()

    assert re.search(r"01:00.01:\d\d PST", page)
    assert "10:00 Europe/Berlin" in page


def test_how_often_is_chosen_and_the_zone_is_the_organisations(client, crew):
    client.force_login(people.user(role=Role.RISK_MANAGER))
    chosen = {**SERIES, "repeats": "FREQ=WEEKLY;INTERVAL=2", "rrule": "", "teams": [crew[0].pk]}

    new = client.get("/meetings/series/new/").context["form"]
    answer = client.post("/meetings/series/new/", chosen)

    assert new["time_zone"].initial == "Europe/Berlin"
    assert answer.status_code == 303
    assert MeetingSeries.objects.get().rrule == "FREQ=WEEKLY;INTERVAL=2"
    both = client.post("/meetings/series/new/", {**chosen, "rrule": "FREQ=DAILY"})
    assert both.status_code == 422
    assert "rrule" in both.context["form"].errors
    assert client.post("/meetings/series/new/", {**chosen, "repeats": ""}).status_code == 422


def test_the_rule_a_series_has_is_among_the_choices_in_words(client, crew):
    series = make.series(crew[0], rrule="FREQ=MONTHLY;BYDAY=1WE")
    client.force_login(people.user(role=Role.RISK_MANAGER))

    form = client.get(reverse("meetings:series_edit", args=[series.pk])).context["form"]

    assert ("FREQ=MONTHLY;BYDAY=1WE", "First Wednesday of the month") in form.fields["repeats"].choices
    assert form["repeats"].initial == series.rrule


def test_the_focus_cycle_is_edited_on_its_page(client, crew):
    series = make.series(crew[0])
    client.force_login(people.user(role=Role.RISK_MANAGER))
    one, two, _ = series.focuses.order_by("position")

    client.post(reverse("meetings:focus_shift", args=[two.pk, "up"]), versioned(two))
    assert [focus.pk for focus in series.focuses.order_by("position")][:2] == [two.pk, one.pk]
    client.post(
        reverse("meetings:focus_create", args=[series.pk]),
        {"name": "Fairness", "kinds": ["performance"], "questions": "Who is hurt?\n\nSince when?"},
    )
    new = Focus.objects.get(name="Fairness")
    assert new.questions == ["Who is hurt?", "Since when?"]
    edit = reverse("meetings:focus_edit", args=[new.pk])
    assert "Who is hurt?" in client.get(edit).content.decode()
    assert client.post(edit, {"name": "Fair", "kinds": ["weather"], "version": 1}).status_code == 422
    assert client.post(edit, {"name": "Fair", "version": 1}).status_code == 303
    client.post(reverse("meetings:focus_retire", args=[new.pk]), {"version": 2})
    assert client.get(reverse("meetings:series_detail", args=[series.pk])).status_code == 200
    assert client.get(edit).status_code == 404
    client.post(reverse("meetings:series_retire", args=[series.pk]), versioned(series))
    assert "Retired" in client.get(reverse("meetings:series_detail", args=[series.pk])).content.decode()


def test_one_button_adds_a_subject_to_the_next_suitable_agenda(client, crew, ana):
    make.series(crew[0])
    review = risklog.review(of_model=risklog.model(owner_team=crew[0]), kind="drift")
    client.force_login(ana)

    client.post("/meetings/items/place/", {"about": review.reference, "next": "/meetings/"})

    assert AgendaItem.objects.get(about=review.subject).added_by == ana
    hidden = make.restricted([people.user()])
    assert client.post("/meetings/items/place/", {"about": hidden.reference}).status_code == 404


def test_pages_of_a_live_a_closed_and_a_cancelled_meeting_open(client, crew, ana):
    series = make.series(crew[0])
    live = make.live(series)
    items.take_up(make.item(live), by=SYSTEM, at=live.starts_at + timedelta(minutes=1))
    closed = make.closed(series, 1)
    client.force_login(ana)

    for meeting in (live, closed):
        assert client.get(page(meeting)).status_code == 200


def test_the_panel_shows_the_agenda_of_a_subject_or_offers_to_add_it(crew, ana, at, rf):
    review = risklog.review(of_model=risklog.model(owner_team=crew[0]), kind="drift")
    request = rf.get("/risks/reviews/")

    def told() -> str:
        context = {"panel": agendas.panel(ana, review), "object": review}
        return render_to_string("meetings/_panel_agenda.html", context, request)

    placement.place(about=review.subject, kind="drift", team_id=crew[0].pk, title="x", by=SYSTEM, at=at)
    assert "No suitable meeting" in told()
    assert "Add to next suitable meeting" in told()
    series = make.series(crew[0])
    assert make.planned(series).reference in told()
