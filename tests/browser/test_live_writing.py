"""Somebody writes in a live meeting faster than the server answers: nothing that was typed is lost."""

import pytest

from actions.models import Action
from kit.actor import SYSTEM
from meetings.models import AgendaItem, Meeting
from meetings.operations import item as items
from meetings.states import ItemState, MeetingState
from tests.browser.conftest import set_connected
from tests.moments import AT


@pytest.fixture
def live(sign_in):
    """A page of a live meeting with a current item, with the record bar set to actions."""
    page = sign_in("sofia")
    meeting = Meeting.objects.filter(state=MeetingState.LIVE).first()
    if meeting is None:
        meeting = Meeting.objects.filter(state=MeetingState.PLANNED).order_by("starts_at").first()
        page.goto(f"/meetings/{meeting.reference}/")
        page.click("form[action$='/start/'] button")
        page.click("main button.button-primary")  # it is planned for another day
        page.wait_for_url("**/live/")
        page.click("text=Start item")
    else:
        page.goto(f"/meetings/{meeting.reference}/live/")
    page.wait_for_selector("#record-line")
    page.click("#record label:has-text('Action')")
    return page


def _record(page, *lines: str) -> None:
    for line in lines:
        page.fill("#record-line", line)
        page.press("#record-line", "Enter")


def _wait_for(page, *lines: str) -> None:
    for line in lines:
        page.wait_for_selector(f"#meeting-log >> text={line}")


@pytest.fixture
def held(live):
    """The requests of the record bar wait here until they are let go."""
    waiting: list | None = []

    def meet(route) -> None:
        if waiting is None:
            route.continue_()
        else:
            waiting.append(route)

    def let_go() -> None:
        nonlocal waiting
        ready, waiting = waiting, None
        for route in ready:
            route.continue_()

    live.route("**/record/", meet)
    return let_go


def test_what_is_typed_while_a_line_is_recorded_stays(live, held):
    _record(live, "The first line")
    live.wait_for_timeout(50)
    live.fill("#record-line", "The next line, not sent yet")
    held()

    _wait_for(live, "The first line")

    live.wait_for_function("() => document.querySelector('#say').textContent === 'Recorded'")
    assert live.input_value("#record-line") == "The next line, not sent yet"
    live.reload()
    assert live.input_value("#record-line") == "The next line, not sent yet"
    live.fill("#record-line", "")


def test_what_is_typed_behind_a_line_on_its_way_is_the_next_line(live, held):
    _record(live, "One line")
    live.type("#record-line", " and more")
    held()

    _wait_for(live, "One line")

    live.wait_for_function("() => document.querySelector('#say').textContent === 'Recorded'")
    assert live.input_value("#record-line") == " and more"
    live.fill("#record-line", "")


def test_three_lines_in_a_row_are_all_recorded_once(live, held):
    lines = ("Quick line A", "Quick line B", "Quick line C")
    _record(live, *lines)
    live.press("#record-line", "Enter")
    held()

    _wait_for(live, *lines)

    live.wait_for_function("() => document.querySelector('#record-line').value === ''")
    rows = Action.objects.filter(title__startswith="Quick line")
    assert sorted(rows.values_list("title", flat=True)) == sorted(lines)


def test_a_lost_connection_is_told_once(live):
    live.evaluate("for (let n = 0; n < 3; n++) document.dispatchEvent(new CustomEvent('htmx:error'))")

    assert live.locator(".toast:has-text('could not be reached')").count() == 1


def test_a_step_without_a_connection_is_told_and_the_text_stays(live):
    """The browser shows no page of its own. The same button works as soon as the connection is back."""
    kept = "() => document.querySelector('#record-line')?.value === 'Not recorded yet'"
    live.fill("#record-line", "Not recorded yet")
    set_connected(live, False)
    live.click("#meeting-controls button:has-text('Pause')")
    live.wait_for_selector(".toast:has-text('could not be reached')")
    assert live.evaluate(kept)
    assert live.locator("#meeting-controls button:has-text('Pause')").count() == 1

    set_connected(live, True)
    live.click("#meeting-controls button:has-text('Pause')")
    live.wait_for_selector("#meeting-controls button:has-text('Resume')")
    live.wait_for_function(kept)
    live.click("#meeting-controls button:has-text('Resume')")
    live.wait_for_selector("#meeting-controls button:has-text('Pause')")
    live.wait_for_function(kept)
    live.fill("#record-line", "")


@pytest.mark.parametrize("width", [390, 880, 1184, 1280, 1366, 1440])
def test_the_buttons_of_the_meeting_are_whole_at_every_width(live, width):
    """The agenda and what was recorded are beside the stage, and leave it little room."""
    live.set_viewport_size({"width": width, "height": 800})
    stage = live.locator(".meeting-stage").bounding_box()
    buttons = [one.bounding_box() for one in live.locator(".meeting-controls button").all()]

    assert len(buttons) == 5
    for box in buttons:
        assert stage["x"] <= box["x"]
        assert box["x"] + box["width"] <= stage["x"] + stage["width"]


def test_who_writes_at_the_end_is_told_beside_the_line_and_keeps_it(live, sign_in):
    address = live.url
    writer = sign_in("ana")
    writer.set_viewport_size({"width": 390, "height": 844})
    writer.goto(address)
    writer.fill("#record-line", "Too late for the minutes")
    live.click("[data-open=close] >> nth=0")
    live.click("#close button.button-primary")
    live.wait_for_url("**/minutes/")

    writer.wait_for_selector("#record-said:has-text('The meeting has ended')")

    assert writer.locator("#record-said").is_visible()
    assert writer.input_value("#record-line") == "Too late for the minutes"
    assert writer.inner_text(".live") == "Ended"


@pytest.mark.parametrize("height", [720, 800])
def test_nothing_is_drawn_over_the_texts_that_are_merged(live, height):
    live.set_viewport_size({"width": 1280, "height": height})
    item = AgendaItem.objects.get(meeting__state=MeetingState.LIVE, state=ItemState.CURRENT)
    before = item.notes
    items.change(item, {"notes": f"{before}\nBy others"}, by=SYSTEM, at=AT, seen=item.version)
    live.fill("#notes", f"{before}\nBy me")
    live.wait_for_selector("#notes-conflict")

    merging = live.locator(".meeting-notes").bounding_box()
    parts = live.locator("#notes-conflict, #notes").all()
    after = live.locator(".meeting-notes ~ *").all()

    assert len(after) >= 3
    for part in parts:
        box = part.bounding_box()
        assert box["y"] + box["height"] <= merging["y"] + merging["height"] + 1
    for one in after:
        assert one.bounding_box()["y"] >= merging["y"] + merging["height"]
    live.click("[data-merge]")
    live.wait_for_selector("#notes-conflict", state="detached")


@pytest.mark.parametrize("step", ["Next", "End meeting"])
def test_a_step_waits_until_notes_of_two_people_are_merged(live, step):
    """Otherwise the text of one of them would be gone from the page, and from the minutes."""
    item = AgendaItem.objects.get(meeting__state=MeetingState.LIVE, state=ItemState.CURRENT)
    before = item.notes
    items.change(item, {"notes": f"{before}\nBy somebody else"}, by=SYSTEM, at=AT, seen=item.version)
    live.fill("#notes", f"{before}\nBy me {step}")
    live.wait_for_selector("#notes-conflict")

    if step == "Next":
        live.click("#meeting-controls .meeting-controls-next button")
    else:
        live.click("[data-open=close]")
        live.click("#close form .button-primary")

    live.wait_for_selector(".toast:has-text('Save the merged text')")
    assert live.locator("#notes-merged").evaluate("box => box === document.activeElement")
    live.click("[data-merge]")
    live.wait_for_selector("#notes-conflict", state="detached")
    saved = "mine => document.querySelector('#notes').defaultValue.includes(mine)"
    live.wait_for_function(saved, arg=f"By me {step}")
    item.refresh_from_db()
    assert "By somebody else" in item.notes and f"By me {step}" in item.notes
    assert item.meeting.state == MeetingState.LIVE
