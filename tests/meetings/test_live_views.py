"""The page of the live meeting: its buttons, its polling, and who sees which parts."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from actions.models import Action
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import AgendaItem, Attendance, Decision
from meetings.operations import agenda_handlers, attendance, control
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemOutcome, ItemState, MeetingState
from people.states import Role
from risklog.models import Review
from risklog.states import ReviewState
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db
DECIDED = {"text": "Cap the feature", "reason": "It drifts", "no_action_reason": "Nothing to do"}


@pytest.fixture
def crew():
    people.organisation()
    return make.crew()


@pytest.fixture
def ana(crew, client):
    client.force_login(crew[1][0])
    return crew[1][0]


@pytest.fixture
def meeting(crew, move_clock):
    """A live meeting that Ana controls."""
    found = make.live(make.series(crew[0]))
    found = control.give(found, to=crew[1][0], by=Actor(crew[1][0], "page"), at=found.starts_at)
    move_clock(found.starts_at + timedelta(minutes=1))
    return found


@pytest.fixture
def on(meeting):
    """Return the current item."""
    return items.take_up(make.item(meeting, title="Drift"), by=SYSTEM, at=meeting.starts_at)


def to(step, item) -> str:
    return reverse(f"meetings:item_{step}", args=[item.pk])


def of(name, meeting) -> str:
    return reverse(f"meetings:meeting_{name}", args=[meeting.reference])


def text_of(client, url) -> str:
    return client.get(url).content.decode()


def fresh(item) -> AgendaItem:
    return AgendaItem.objects.get(pk=item.pk)


def press(client, step, item, **fields):
    """Post a button of the current page, with the item's version."""
    return client.post(to(step, item), {"version": fresh(item).version, **fields})


def queries_of(client, url, **headers) -> int:
    client.get(url, **headers)
    with CaptureQueriesContext(connection) as found:
        client.get(url, **headers)
    return len(found)


# ------------------------------------------------------------------ starting and ending


def test_start_opens_the_live_page_and_others_see_the_current_state(client, crew, ana):
    meeting = make.planned(make.series(crew[0]))
    early = client.get(of("live", meeting))
    assert (early.status_code, early.headers["Location"]) == (303, of("detail", meeting))

    answer = client.post(of("start", meeting), {"version": meeting.version, "is_confirmed": "1"})

    assert answer.headers["Location"] == of("live", meeting)
    assert client.get(of("live", meeting)).status_code == 200
    meeting.refresh_from_db()
    meetings.close(meeting, by=SYSTEM, at=make.AT)
    assert client.get(of("live", meeting)).headers["Location"] == of("detail", meeting)


def test_an_empty_agenda_says_so_and_offers_the_end(client, ana, meeting):
    text = text_of(client, of("live", meeting))

    assert "No agenda items yet" in text
    assert "All items discussed" in text


def test_taking_up_another_item_lets_the_first_wait_with_its_time(client, ana, meeting, on):
    other = make.item(meeting)

    press(client, "take_up", other)

    assert (fresh(on).state, fresh(on).spent_seconds) == (ItemState.WAITING, 60)
    assert fresh(other).state == ItemState.CURRENT


def test_pause_and_two_minutes_more(client, ana, on):
    press(client, "extend", on)
    assert fresh(on).minutes == 12

    press(client, "pause", on)
    assert (fresh(on).state, fresh(on).spent_seconds, fresh(on).current_since) == (
        ItemState.CURRENT,
        60,
        None,
    )
    assert "Paused" in text_of(client, of("live", on.meeting))

    press(client, "resume", on)
    assert (fresh(on).state, fresh(on).spent_seconds) == (ItemState.CURRENT, 60)
    assert fresh(on).current_since == on.meeting.starts_at + timedelta(minutes=1)


@pytest.mark.parametrize("outcome", [ItemOutcome.NO_CHANGE, ItemOutcome.ACTIONS])
def test_finish_keeps_the_outcome_and_takes_up_the_next(client, ana, meeting, on, outcome):
    following, last = make.item(meeting), make.item(meeting)

    press(client, "finish", on, outcome=outcome)

    assert (fresh(on).state, fresh(on).outcome) == (ItemState.DONE, outcome)
    assert (fresh(following).state, fresh(last).state) == (ItemState.CURRENT, ItemState.WAITING)


def test_a_second_press_of_next_skips_nothing(client, ana, meeting, on):
    following = make.item(meeting)

    for _ in range(2):
        client.post(to("finish", on), {"outcome": "no_change", "version": on.version})

    assert fresh(following).state == ItemState.CURRENT


def test_defer_carries_over_and_turns_to_the_next(client, ana, meeting, on):
    following = make.item(meeting)

    press(client, "finish", on, outcome="deferred")

    assert (fresh(on).state, fresh(on).outcome) == (ItemState.CARRIED, "deferred")
    assert AgendaItem.objects.get(carried_from=on).meeting.starts_at > meeting.starts_at
    assert fresh(following).state == ItemState.CURRENT


def test_an_unknown_outcome_is_refused_by_name(client, ana, on):
    said = {"outcome": "victory", "version": on.version}
    answer = client.post(to("finish", on), said, follow=True)

    assert fresh(on).state == ItemState.CURRENT
    assert "Choose an outcome" in answer.content.decode()


@pytest.mark.parametrize("step", ["take_up", "pause", "extend", "finish", "note"])
def test_a_button_without_its_version_writes_nothing(client, ana, meeting, on, step):
    item = make.item(meeting) if step == "take_up" else on
    before = AgendaItem.objects.filter(pk=item.pk).values().get()

    answer = client.post(to(step, item), {"outcome": "no_change", "notes": "Mine"})

    assert answer.status_code in {303, 428}
    assert AgendaItem.objects.filter(pk=item.pk).values().get() == before


def test_two_minutes_more_pressed_twice_are_two(client, ana, on):
    for _ in range(2):
        answer = client.post(to("extend", on), {"version": on.version}, follow=True)

    assert fresh(on).minutes == 12
    assert "Somebody else changed this" in answer.content.decode()


def test_notes_written_meanwhile_are_no_conflict_with_a_button(client, ana, meeting, on):
    for notes in ("We", "We saw", "We saw it"):
        items.note(on, notes=notes, by=SYSTEM, at=meeting.starts_at)
    version = on.version - 3

    client.post(to("extend", on), {"version": version})
    assert fresh(on).minutes == 12

    client.post(to("extend", on), {"version": version})
    assert fresh(on).minutes == 12


# ------------------------------------------------------------------ notes


def test_notes_are_saved_as_they_are_typed(client, ana, on):
    answer = client.post(
        to("note", on), {"notes": "We saw it", "version": on.version}, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 200
    assert "Saved" in answer.content.decode()
    assert f'data-version="{on.version + 1}"' in answer.content.decode()
    assert fresh(on).notes == "We saw it"


def test_two_writers_lose_nothing(client, ana, on):
    said = {"version": on.version, "was": AgendaItem().notes_digest}
    client.post(to("note", on), {"notes": "Theirs", **said})

    answer = client.post(to("note", on), {"notes": "Mine", **said}, headers={"HX-Request": "true"})

    assert answer.status_code == 409
    assert "Mine" in answer.content.decode()
    assert "Theirs" in answer.content.decode()
    assert fresh(on).notes == "Theirs"
    knowing = {"notes": "Mine", "version": fresh(on).version, "was": AgendaItem(notes="Theirs").notes_digest}
    assert client.post(to("note", on), knowing).status_code == 303
    assert fresh(on).notes == "Mine"


def test_two_minutes_more_are_no_conflict_with_notes(client, ana, on):
    press(client, "extend", on)

    said = {"notes": "Mine", "version": on.version, "was": AgendaItem().notes_digest}
    answer = client.post(to("note", on), said, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert fresh(on).notes == "Mine"


def test_notes_after_the_end_are_refused_and_still_there(client, ana, meeting, on):
    meetings.close(meeting, by=SYSTEM, at=meeting.starts_at)

    answer = client.post(to("note", on), {"notes": "Too late", "version": fresh(on).version})

    assert answer.status_code == 422
    assert "Too late" in answer.content.decode()
    assert "minutes are final" in answer.content.decode()


# ------------------------------------------------------------------ polling


def pulse(client, meeting, item=None, tag=None):
    headers = {"HX-Request": "true"} | ({"HX-PTag": tag} if tag else {})
    return client.get(f"{of('pulse', meeting)}?shown={item.pk if item else ''}", headers=headers)


def test_the_pulse_is_silent_until_something_changes(client, ana, meeting, on):
    page = client.get(of("live", meeting))
    tag = page.context["stamp"]

    assert pulse(client, meeting, on, tag).status_code == 304

    items.note(on, notes="Seen by all", by=SYSTEM, at=meeting.starts_at)
    changed = pulse(client, meeting, on, tag)
    assert changed.status_code == 200
    parts = ("agenda", "clock", "shown", "log", "controls", "now", "people")
    for part in (f"meeting-{name}" for name in parts):
        assert f'hx-target="#{part}"' in changed.content.decode()
    assert "Seen by all" in changed.content.decode()
    assert "<html" not in changed.content.decode()
    assert pulse(client, meeting, on, changed.headers["HX-PTag"]).status_code == 304


def test_a_silent_pulse_reads_the_stamp_and_nothing_else(client, ana, meeting, on):
    tag = client.get(of("live", meeting)).context["stamp"]
    with CaptureQueriesContext(connection) as found:
        assert pulse(client, meeting, on, tag).status_code == 304
    silent = [query["sql"] for query in found]

    assert not any('"meetings_agendaitem"."title"' in sql for sql in silent)
    assert len(silent) <= 5  # session, reader, their teams, the meeting, its stamp


@pytest.mark.parametrize("change", ["attend", "decision", "action", "item", "minutes"])
def test_every_kind_of_change_beats(client, ana, meeting, on, change):
    tag = client.get(of("live", meeting)).context["stamp"]
    at = meeting.starts_at
    {
        "attend": lambda: attendance.attend(meeting, present=[people.user()], by=SYSTEM, at=at),
        "decision": lambda: make.decision(meeting=meeting),
        "action": lambda: items.agree(on, title="Do", by=SYSTEM, at=at),
        "item": lambda: make.item(meeting),
        "minutes": lambda: items.extend(on, minutes=2, by=SYSTEM, at=at),
    }[change]()

    assert pulse(client, meeting, on, tag).status_code == 200


def test_another_item_or_the_end_tells_the_page_where_to_go(client, ana, meeting, on):
    tag = client.get(of("live", meeting)).context["stamp"]
    items.take_up(make.item(meeting), by=SYSTEM, at=meeting.starts_at)
    moved = json.loads(pulse(client, meeting, on, tag).headers["HX-Trigger"])
    assert moved == {"meeting-moved": {"address": of("live", meeting)}}

    meetings.close(meeting, by=SYSTEM, at=meeting.starts_at)
    ended = json.loads(pulse(client, meeting, on, tag).headers["HX-Trigger"])
    assert ended == {"meeting-ended": {"address": of("detail", meeting)}}


# ------------------------------------------------------------------ decisions and actions


def test_a_decision_with_two_actions_settles_the_review(client, crew, ana, move_clock):
    review = risklog.review(of_model=risklog.model(owner_team=crew[0]), kind="data_quality")
    series = make.series(crew[0])
    agenda_handlers.on_review_opened(Event.objects.get(verb="risklog.review_opened"), at=make.AT)
    meeting = make.live(series)
    meeting = control.give(meeting, to=ana, by=Actor(ana, "page"), at=meeting.starts_at)
    move_clock(meeting.starts_at)
    item = items.take_up(meeting.items.get(about=review.subject), by=SYSTEM, at=meeting.starts_at)
    assert review.reviewers.first() is None or "Not answered" in text_of(client, of("live", meeting))

    said = {
        "text": "Cap it",
        "reason": "Drift",
        "settles": "confirmed",
        "action1-title": "Cap",
        "action1-owner": ana.pk,
        "action1-due_on": "2026-12-04",
        "action2-title": "Watch",
        "once": "k",
    }
    for _ in range(2):
        answer = client.post(to("decide", item), said)
        assert answer.headers["Location"] == of("live", meeting)

    decision = Decision.objects.get()
    assert list(Action.objects.filter(origin=decision.subject).order_by("id").values_list("title")) == [
        ("Cap",),
        ("Watch",),
    ]
    assert Review.objects.get(pk=review.pk).state == ReviewState.SETTLED
    assert fresh(item).state == ItemState.CURRENT
    press(client, "finish", item)
    assert (fresh(item).state, fresh(item).outcome) == (ItemState.DONE, "decided")
    shown = text_of(client, of("live", meeting))
    assert "1 decision, 2 actions" in shown


@pytest.mark.parametrize(
    "missing",
    [
        {"text": ""},
        {"reason": ""},
        {"no_action_reason": ""},
        {"action2-owner": "1"},
        {"action1-due_on": "no"},
    ],
)
def test_a_refused_decision_keeps_every_word(client, ana, on, missing):
    said = {
        **DECIDED,
        "action3-title": "Third action" if "no_action_reason" not in missing else "",
        **missing,
    }

    answer = client.post(to("decide", on), said)

    assert answer.status_code == 422
    assert not Decision.objects.exists()
    for word in filter(None, (said["text"], said["reason"], said["no_action_reason"], said["action3-title"])):
        assert word in answer.content.decode()


def test_a_decision_sent_when_the_meeting_has_moved_on_is_kept(client, ana, meeting, on):
    items.take_up(make.item(meeting, title="Other"), by=SYSTEM, at=meeting.starts_at)

    late = client.post(to("decide", on), {**DECIDED, "reason": ""})
    assert late.status_code == 422
    assert "Cap the feature" in late.content.decode()
    assert "moved on" in late.content.decode()

    assert client.post(to("decide", on), DECIDED).status_code == 303
    assert Decision.objects.get().item == on


@pytest.mark.parametrize("step", ["decide", "act"])
def test_nothing_is_recorded_after_the_end_and_the_words_stay(client, ana, meeting, on, step):
    said = DECIDED if step == "decide" else {"title": "Cap the feature"}
    meetings.close(meeting, by=SYSTEM, at=meeting.starts_at)

    answer = client.post(to(step, on), said)

    assert answer.status_code == 422
    assert "Cap the feature" in answer.content.decode()
    assert not Decision.objects.exists()
    assert not Action.objects.exists()


def test_an_action_without_a_decision_is_the_items_outcome(client, ana, meeting, on):
    said = {"title": "Ask the bureau", "owner": ana.pk, "due_on": "2026-12-04", "once": "k"}
    for _ in range(2):
        assert client.post(to("act", on), said).status_code == 303

    action = Action.objects.get()
    assert (action.owner, action.origin) == (ana, meeting.subject)
    page = text_of(client, of("live", meeting))
    assert fresh(on).has_actions
    assert "Ask the bureau" in page
    refused = client.post(to("act", on), {"title": "", "due_on": "2026-12-04"})
    assert refused.status_code == 422
    assert "2026-12-04" in refused.content.decode()


def test_an_item_is_added_while_it_runs(client, ana, meeting, on):
    url = reverse("meetings:item_add", args=[meeting.reference])
    said = {"title": "Label delay", "purpose": "discuss", "minutes": 5, "live": "1"}

    assert client.post(url, said).headers["Location"] == of("live", meeting)
    assert "Label delay" in text_of(client, of("live", meeting))
    wrong = client.post(url, {**said, "title": "", "minutes": 7})
    assert wrong.status_code == 422
    assert 'id="add" open' in wrong.content.decode()


# ------------------------------------------------------------------ what is restricted


@pytest.fixture
def secret(meeting):
    """A restricted current item with notes, a decision and an action, and a person who may see it."""
    insider = people.user(role=Role.RISK_MANAGER)
    item = make.item(
        meeting, title="Canary title", why="Canary why", about=make.restricted([insider], "Canary")
    )
    items.take_up(item, by=SYSTEM, at=meeting.starts_at)
    items.note(item, notes="Canary notes", by=SYSTEM, at=meeting.starts_at)
    make.decision(
        text="Canary decision", about=item.about, meeting=meeting, actions=[{"title": "Canary act"}]
    )
    return item, insider


def test_a_restricted_item_is_a_slot_of_time_to_a_stranger(client, ana, meeting, secret):
    item, insider = secret
    addresses = [of("live", meeting), of("minutes", meeting), of("detail", meeting), "/meetings/decisions/"]

    for url in (*addresses, f"{of('pulse', meeting)}?shown={item.pk}"):
        assert "Canary" not in text_of(client, url), url
    page = text_of(client, of("live", meeting))
    assert "Restricted item, 10 min" in page
    assert to("note", item) not in page
    assert to("decide", item) not in page

    client.force_login(insider)
    for url in addresses:
        assert "Canary" in text_of(client, url), url


def test_a_stranger_writes_nothing_into_a_restricted_item(client, ana, meeting, secret):
    item, _ = secret
    count = Decision.objects.count()

    for step, said in (("note", {"notes": "Mine"}), ("decide", DECIDED), ("act", {"title": "Mine"})):
        answer = client.post(to(step, item), said, follow=True)
        assert "Canary" not in answer.content.decode()

    assert fresh(item).notes == "Canary notes"
    assert Decision.objects.count() == count
    assert not Action.objects.filter(title="Mine").exists()


def test_the_events_of_a_restricted_item_hide_what_it_says(client, ana, meeting, secret):
    answer = client.get(f"/api/v1/events?reference={meeting.reference}&limit=100")

    assert answer.status_code == 200
    assert "meetings.item_noted" in answer.content.decode()
    assert "Canary" not in answer.content.decode()
    client.force_login(secret[1])
    assert "Canary notes" in text_of(client, f"/api/v1/events?reference={meeting.reference}&limit=100")


# ------------------------------------------------------------------ rights, cost, the end


def test_viewers_and_strangers_watch_but_do_not_run(client, meeting, on):
    for who in (people.user(role=Role.VIEWER), people.user()):
        client.force_login(who)
        page = text_of(client, of("live", meeting))
        assert to("pause", on) not in page
        assert to("note", on) not in page
        for step in ("take_up", "pause", "extend", "finish", "note", "decide", "act"):
            assert client.post(to(step, on), DECIDED).status_code == 403
        for step in ("attend", "close"):
            assert client.post(of(step, meeting)).status_code == 403
    assert client.post("/meetings/items/999999/pause/").status_code in {403, 404}


def test_a_reader_sees_the_notes_as_they_grow(client, meeting, on):
    items.note(on, notes="Grows **fast**", by=SYSTEM, at=meeting.starts_at)
    client.force_login(people.user(role=Role.VIEWER))

    assert "<strong>fast</strong>" in text_of(client, of("live", meeting))
    assert "<strong>fast</strong>" in text_of(client, f"{of('pulse', meeting)}?shown={on.pk}")


@pytest.mark.parametrize("name", ["live", "minutes"])
def test_the_page_costs_the_same_with_more_of_everything(client, ana, meeting, on, name):
    def more():
        make.item(meeting, about=risklog.review().subject)
        owner = people.user(function=people.function("data-science"))
        about = risklog.review().subject
        make.decision(meeting=meeting, about=about, actions=[{"title": "Do", "owner": owner}])
        present = [*(row.user for row in Attendance.objects.filter(meeting=meeting)), owner]
        attendance.attend(meeting, present=present, by=SYSTEM, at=meeting.starts_at)

    more()
    one = queries_of(client, of(name, meeting))
    more(), more()

    assert queries_of(client, of(name, meeting)) == one


def test_attendance_is_recorded_and_a_missing_function_is_shown(client, crew, ana, meeting, on):
    for wrong in ("x", "9" * 30):
        answer = client.post(of("attend", meeting), {"present": [ana.pk, wrong]}, follow=True)
        assert wrong in answer.content.decode()
        assert not Event.objects.filter(verb="meetings.attendance_noted").exists()

    client.post(of("attend", meeting), {"present": [ana.pk]})

    assert [row.user for row in Attendance.objects.filter(meeting=meeting, is_present=True)] == [ana]
    text = text_of(client, of("live", meeting))
    assert "Missing functions for this focus" in text
    assert re.search(rf'value="{ana.pk}"\s+checked', text)


def test_ending_makes_the_minutes_and_a_second_end_is_harmless(client, ana, meeting, on):
    said = {"improvement": "Start on time", "was_worth_it": "yes", "version": meeting.version}
    attendance.attend(meeting, present=[ana], by=SYSTEM, at=meeting.starts_at)
    wrong = client.post(of("close", meeting), {**said, "improvement": "x" * 400})
    assert wrong.status_code == 422
    assert 'id="close" open' in wrong.content.decode()

    assert client.post(of("close", meeting), said).headers["Location"] == of("minutes", meeting)
    assert client.post(of("close", meeting), said).headers["Location"] == of("detail", meeting)

    meeting.refresh_from_db()
    assert (meeting.state, meeting.was_worth_it) == (MeetingState.CLOSED, True)
    minutes = text_of(client, of("minutes", meeting))
    assert "Start on time" in minutes
    assert ana.name in minutes
    assert "Carried over" in minutes


def test_minutes_give_the_time_of_the_series_to_every_reader(client, meeting):
    client.force_login(people.user(time_zone="America/New_York"))

    text = text_of(client, of("minutes", meeting))

    assert "10:00 to 10:45 (Europe/Berlin)" in " ".join(text.split())
    assert "Not closed yet" in text


def test_the_way_back_leads_to_what_was_discussed_not_to_what_was_settled_before(client, ana, meeting):
    settled, discussed, last = (make.item(meeting, title=title) for title in ("Settled", "Discussed", "Last"))
    AgendaItem.objects.filter(pk=settled.pk).update(state=ItemState.DONE)
    start, by = meeting.starts_at, Actor(ana, "page")

    between = text_of(client, of("live", meeting))
    items.finish(items.take_up(fresh(discussed), by=by, at=start), by=by, at=start)
    after = text_of(client, of("live", meeting))
    items.take_up(fresh(last), by=by, at=start)
    taken = items.back(fresh(last), by=by, at=start)

    assert "Ready to start" in between and "Back to Settled" not in between
    assert "Ready for the next item" in after and "Back to Discussed" in after
    assert taken == discussed
    with pytest.raises(Refused, match="This is the first item"):
        items.back(taken, by=by, at=start)
