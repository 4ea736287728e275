"""Control of a live meeting: who has it, how it changes hands, and what only the controller can do."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from history.models import Event
from kit.actor import Actor
from kit.refusals import Refused
from meetings.models import AgendaItem, Meeting
from meetings.operations import backlog, control, recording
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemState, MeetingState
from people.states import Role
from tests.factories import meetings as make
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew():
    people.organisation()
    return make.crew()[1]


@pytest.fixture
def meeting(crew, move_clock):
    """A live meeting that the first of the crew started and controls."""
    series = make.series(crew[0].memberships.get().team)
    planned = make.planned(series)
    move_clock(planned.starts_at)
    return meetings.start(planned, by=Actor(crew[0], "page"), at=planned.starts_at)


def by(person) -> Actor:
    return Actor(person, "page")


def fresh(item) -> AgendaItem:
    return AgendaItem.objects.select_related("meeting", "about").get(pk=item.pk)


def test_who_starts_a_meeting_controls_it_and_who_leads_instead_too(crew, meeting):
    later = make.planned(meeting.series, 1)
    assert meeting.controller == crew[0]

    meetings.start(later, led_by=crew[1], by=by(crew[1]), at=later.starts_at)

    assert later.controller == crew[1]


def test_any_participant_takes_control_and_history_says_so(crew, meeting):
    control.take(meeting, by=by(crew[1]), at=meeting.starts_at)

    assert Meeting.objects.get(pk=meeting.pk).controller == crew[1]
    event = Event.objects.get(verb="meetings.control_taken")
    assert (event.subject, event.actor) == (meeting.subject, crew[1].subject)
    assert event.data["rows"][0]["changes"]["controller_id"] == [crew[0].pk, crew[1].pk]


def test_only_the_controller_hands_over_and_only_to_somebody_who_may_run_it(crew, meeting):
    ana, ben = crew
    with pytest.raises(Refused) as refusal:
        control.hand_over(meeting, to=ben, by=by(ben), at=meeting.starts_at)
    assert refusal.value.field == "control"
    for stranger in (people.user(), people.user(role=Role.VIEWER)):
        with pytest.raises(Refused) as refusal:
            control.hand_over(meeting, to=stranger, by=by(ana), at=meeting.starts_at)
        assert refusal.value.field == "to"

    control.hand_over(meeting, to=ben, by=by(ana), at=meeting.starts_at)

    assert Meeting.objects.get(pk=meeting.pk).controller == ben
    with pytest.raises(Refused):
        control.hand_over(meeting, to=ben, by=by(ana), at=meeting.starts_at)


def test_a_meeting_that_is_not_live_is_not_controlled(crew, meeting):
    with pytest.raises(Refused) as refusal:
        control.take(make.planned(meeting.series, 1), by=by(crew[0]), at=meeting.starts_at)

    assert refusal.value.field == "state"


STEPS = {
    "take_up": lambda on, other, act: items.take_up(other, **act),
    "pause": lambda on, other, act: items.pause(on, **act),
    "extend": lambda on, other, act: items.extend(on, minutes=2, **act),
    "finish": lambda on, other, act: items.finish(on, outcome="no_change", **act),
    "next": lambda on, other, act: items.finish_and_go_on(on, **act),
    "defer": lambda on, other, act: items.defer(on, **act),
    "back": lambda on, other, act: items.back(on, **act),
    "park": lambda on, other, act: backlog.park(on, **act),
    "close": lambda on, other, act: meetings.close(on.meeting, **act),
}


@pytest.mark.parametrize("step", STEPS)
def test_who_does_not_control_the_meeting_moves_nothing(crew, meeting, step):
    other = make.item(meeting)
    on = items.take_up(make.item(meeting), by=by(crew[0]), at=meeting.starts_at)

    with pytest.raises(Refused) as refusal:
        STEPS[step](fresh(on), fresh(other), {"by": by(crew[1]), "at": meeting.starts_at})

    assert refusal.value.field == "control"
    assert crew[0].name in refusal.value.message
    assert fresh(on).state == ItemState.CURRENT
    assert Meeting.objects.get(pk=meeting.pk).state == MeetingState.LIVE


def test_everybody_who_takes_part_records(crew, meeting):
    on = items.take_up(make.item(meeting), by=by(crew[0]), at=meeting.starts_at)
    act = {"by": by(crew[1]), "at": meeting.starts_at}

    items.note(on, notes="Seen", **act)
    items.agree(fresh(on), title="Do it", **act)
    items.add(meeting, title="Later", is_parked=True, **act)

    assert fresh(on).notes == "Seen"
    assert meeting.items.get(title="Later").state == ItemState.BACKLOG


def test_pause_stops_the_clock_in_place_and_resume_starts_it(crew, meeting):
    act, start = {"by": by(crew[0])}, meeting.starts_at
    on = items.take_up(make.item(meeting), at=start, **act)

    items.pause(on, at=start + timedelta(minutes=3), **act)
    paused = fresh(on)
    assert (paused.state, paused.spent_seconds, paused.current_since) == (ItemState.CURRENT, 180, None)
    with pytest.raises(Refused):
        items.pause(paused, at=start + timedelta(minutes=4), **act)

    items.resume(paused, at=start + timedelta(minutes=9), **act)
    with pytest.raises(Refused):
        items.resume(fresh(on), at=start + timedelta(minutes=9), **act)
    done = items.finish(fresh(on), at=start + timedelta(minutes=10), **act)
    assert done.spent_seconds == 240


def test_back_takes_up_the_item_before_with_its_notes_and_skips_what_was_carried_over(crew, meeting):
    act = {"by": by(crew[0]), "at": meeting.starts_at}
    first, second, third = (make.item(meeting) for _ in range(3))
    items.take_up(first, **act)
    items.note(fresh(first), notes="Kept", **act)
    items.finish_and_go_on(fresh(first), **act)
    items.finish_and_go_on(fresh(second), outcome="deferred", **act)
    assert fresh(third).state == ItemState.CURRENT

    back = items.back(fresh(third), **act)

    assert (back.pk, back.state, back.notes, back.outcome) == (first.pk, ItemState.CURRENT, "Kept", "")
    assert fresh(third).state == ItemState.WAITING
    with pytest.raises(Refused):
        items.back(fresh(first), **act)


def test_the_outcome_follows_from_what_was_recorded(crew, meeting):
    act = {"by": by(crew[0]), "at": meeting.starts_at}
    decided, agreed, nothing = (make.item(meeting) for _ in range(3))
    for one in (decided, agreed, nothing):
        items.take_up(fresh(one), **act)
        if one is decided:
            make.decision(item=fresh(one))
        if one is agreed:
            items.agree(fresh(one), title="Do", **act)
        items.finish(fresh(one), **act)

    assert [fresh(one).outcome for one in (decided, agreed, nothing)] == ["decided", "actions", "no_change"]


def test_closing_finishes_what_was_decided_and_carries_the_rest(crew, meeting):
    act = {"by": by(crew[0]), "at": meeting.starts_at}
    decided, left = make.item(meeting), make.item(meeting)
    items.take_up(decided, **act)
    make.decision(item=fresh(decided))
    items.take_up(left, **act)

    meetings.close(meeting, **act)

    assert (fresh(decided).state, fresh(decided).outcome) == (ItemState.DONE, "decided")
    assert fresh(left).state == ItemState.CARRIED


def test_a_restricted_item_is_finished_only_by_somebody_who_may_see_it(crew, meeting):
    ana, insider = crew
    hidden = make.item(meeting, about=make.restricted([insider], "Secret"))
    act = {"at": meeting.starts_at}
    items.take_up(fresh(hidden), by=by(ana), **act)

    for outcome in ("no_change", "deferred", ""):
        with pytest.raises(Refused) as refusal:
            items.finish_and_go_on(fresh(hidden), outcome=outcome, by=by(ana), **act)
        assert "hand over control" in refusal.value.message
    items.pause(fresh(hidden), by=by(ana), **act)
    other = items.take_up(make.item(meeting), by=by(ana), **act)
    assert fresh(hidden).state == ItemState.WAITING

    items.take_up(fresh(hidden), by=by(ana), **act)
    control.hand_over(meeting, to=insider, by=by(ana), **act)
    items.finish_and_go_on(fresh(hidden), by=by(insider), **act)

    assert (fresh(hidden).state, fresh(other).state) == (ItemState.DONE, ItemState.CURRENT)


# ------------------------------------------------------------------ the page


def page_of(client, meeting, query="") -> str:
    return client.get(reverse("meetings:meeting_live", args=[meeting.reference]) + query).content.decode()


def test_the_page_says_who_has_control_and_offers_it(client, crew, meeting):
    items.take_up(make.item(meeting), by=by(crew[0]), at=meeting.starts_at)
    client.force_login(crew[1])
    page = page_of(client, meeting)
    assert f"{crew[0].name} controls the meeting" in page
    assert "Take control" in page
    assert 'role="toolbar"' not in page
    assert 'id="close"' not in page

    client.post(
        reverse("meetings:meeting_take_control", args=[meeting.reference]), {"version": meeting.version}
    )

    page = page_of(client, meeting)
    assert "You control the meeting" in page
    assert 'role="toolbar"' in page
    handed = {"version": meeting.version, "to": crew[0].pk}
    client.post(reverse("meetings:meeting_hand_over", args=[meeting.reference]), handed)
    assert Meeting.objects.get(pk=meeting.pk).controller == crew[0]


def test_a_press_without_control_says_why_and_changes_nothing(client, crew, meeting):
    on = items.take_up(make.item(meeting), by=by(crew[0]), at=meeting.starts_at)
    client.force_login(crew[1])

    pressed = client.post(reverse("meetings:item_finish", args=[on.pk]), {"version": on.version}, follow=True)

    assert "Take control first" in pressed.content.decode()
    assert fresh(on).state == ItemState.CURRENT


def test_everybody_looks_at_any_item_without_moving_the_meeting(client, crew, meeting):
    on = items.take_up(make.item(meeting, title="Drift"), by=by(crew[0]), at=meeting.starts_at)
    other = make.item(meeting, title="Label delay")
    client.force_login(people.user(role=Role.VIEWER))

    page = page_of(client, meeting, f"?item={other.pk}")

    assert "Now: item 1, Drift" in page
    assert "Back to now" in page
    assert f"shown={other.pk}&amp;item={other.pk}" in page
    assert "Discuss now" not in page
    assert fresh(on).state == ItemState.CURRENT
    for odd in ("?item=999999999", "?item=x", "?item=²"):
        assert "Back to now" not in page_of(client, meeting, odd)
    client.force_login(crew[0])
    assert "Discuss now" in page_of(client, meeting, f"?item={other.pk}")


def test_the_pulse_of_a_reader_who_looks_elsewhere_stays_there(client, crew, meeting):
    items.take_up(make.item(meeting, title="Drift"), by=by(crew[0]), at=meeting.starts_at)
    other = make.item(meeting, title="Label delay")
    client.force_login(crew[1])
    pulse = reverse("meetings:meeting_pulse", args=[meeting.reference])

    answer = client.get(f"{pulse}?shown={other.pk}&item={other.pk}", headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "Now: item 1, Drift" in answer.content.decode()


@pytest.mark.parametrize(
    ("minutes", "is_asked"),
    [(-16, True), (-15, False), (0, False), (45 + 24 * 60, False), (46 + 24 * 60, True)],
)
def test_a_start_far_from_the_planned_time_is_asked_first(client, crew, move_clock, minutes, is_asked):
    meeting = make.planned(make.series(crew[0].memberships.get().team))
    at = meeting.starts_at + timedelta(minutes=minutes)
    move_clock(at)
    type(crew[0]).objects.filter(pk=crew[0].pk).update(time_zone="Asia/Tokyo")
    client.force_login(crew[0])
    url = reverse("meetings:meeting_start", args=[meeting.reference])

    answer = client.post(url, {"version": meeting.version})

    assert (answer.status_code == 422) == is_asked
    meeting.refresh_from_db()
    assert (meeting.state == MeetingState.PLANNED) == is_asked
    if is_asked:
        assert "Wed 25 Nov 2026, 18:00 JST" in answer.content.decode()
        client.post(url, {"version": meeting.version, "is_confirmed": "1"})
        meeting.refresh_from_db()
    assert (meeting.state, meeting.started_at) == (MeetingState.LIVE, at)


def test_the_minutes_say_when_the_meeting_was_held(client, crew, meeting):
    at = meeting.starts_at + timedelta(minutes=52)
    meetings.close(meeting, by=by(crew[0]), at=at)
    client.force_login(crew[0])

    minutes = client.get(reverse("meetings:meeting_minutes", args=[meeting.reference])).content.decode()

    assert "Wednesday 25 November 2026, 10:00 to 10:52 (Europe/Berlin)" in " ".join(minutes.split())


def test_every_button_of_the_page_is_accepted_with_the_token_that_it_has(crew, meeting):
    items.take_up(make.item(meeting), by=by(crew[0]), at=meeting.starts_at)
    items.agree(make.item(meeting), title="Do it", by=by(crew[0]), at=meeting.starts_at)
    recording.record(
        meeting.items.first(), kind="decision", line="Cap it", by=by(crew[0]), at=meeting.starts_at
    )
    client = Client(enforce_csrf_checks=True)
    client.force_login(crew[0])

    page = page_of(client, meeting)

    forms = [part.partition("</form>")[0] for part in page.split("<form")[1:]]
    posting = [form for form in forms if 'method="post"' in form]
    assert len(posting) > 8
    assert [form[:90] for form in posting if 'name="csrfmiddlewaretoken"' not in form] == []
