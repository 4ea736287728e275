"""The main flow in the browser: a risk is created, a meeting is held, a second browser follows it."""

import re
import time

import pytest

from meetings.models import Meeting
from meetings.states import MeetingState
from risklog.models import Risk
from tests.conftest import PASSWORD


def _next_meeting() -> Meeting:
    rows = Meeting.objects.select_related("subject").filter(state=MeetingState.PLANNED)
    return rows.order_by("starts_at").first()


def _log_a_risk(page, title: str) -> None:
    page.goto("/risks/new/")
    page.fill("[name=title]", title)
    page.select_option("[name=category]", index=1)
    page.select_option("[name=model]", index=1)
    page.fill("[name=description]", "The error rate doubled within a week.")
    page.check("[name=guess] >> nth=2")
    page.click("button:has-text('Create risk')")


@pytest.mark.parametrize("has_javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_risk_is_logged_in_five_fields_after_signing_in(sign_in, has_javascript):
    page = sign_in(None, java_script_enabled=has_javascript)
    page.goto("/risks/new/")
    page.fill("[name=email], [name=username]", "ana@example.org")
    page.fill("[type=password]", PASSWORD)
    page.click("button:has-text('Sign in')")
    page.wait_for_url("**/risks/new/")
    title = f"Scores jump after the rate change, {has_javascript}"

    _log_a_risk(page, title)

    page.wait_for_url(re.compile(r"/risks/R-\d+/$"))
    assert title in page.inner_text("h1")
    assert Risk.objects.filter(subject__title=title).count() == 1


def test_a_decision_is_recorded_without_javascript(sign_in):
    page = sign_in("sofia", java_script_enabled=False)
    page.goto("/meetings/decisions/new/")
    page.fill("[name=text]", "We keep the old model for the autumn.")
    page.fill("[name=reason]", "The new one is not proven.")
    page.fill("[name=no_action_reason]", "Nothing has to change.")

    page.click("main button.button-primary")

    page.wait_for_url(re.compile(r"/meetings/decisions/D-\d+/$"))
    assert "We keep the old model" in page.inner_text("main")


def test_a_meeting_is_run_and_a_second_browser_sees_it_within_two_seconds(sign_in):
    meeting = _next_meeting()
    leader, other = sign_in("sofia"), sign_in("ana")
    leader.goto(f"/meetings/{meeting.reference}/")
    leader.click("form[action$='/start/'] button")
    leader.click("main button.button-primary")  # it is planned for another day
    leader.wait_for_url("**/live/")
    leader.click("text=Start item")
    leader.wait_for_selector("#notes")
    controls = leader.locator(".meeting-controls").bounding_box()
    assert (
        controls["y"] + controls["height"] <= leader.viewport_size["height"]
    )  # only the content above scrolls
    usual = leader.viewport_size
    leader.set_viewport_size({"width": 390, "height": 844})
    controls = leader.locator(".meeting-controls").bounding_box()
    assert controls["y"] + controls["height"] <= 844
    leader.set_viewport_size(usual)
    other.goto(f"/meetings/{meeting.reference}/live/")
    other.wait_for_selector("#pulse", state="attached")

    # Notes are saved automatically.
    with leader.expect_response(lambda answer: "/note/" in answer.url) as saved:
        leader.fill("#notes", "Seen in the raw data as well.")
    assert saved.value.status == 200

    # A decision with two actions, and the other browser shows it.
    text = "Retrain on the last ninety days."
    leader.click("#decide summary")
    leader.fill("#decide [name=text]", text)
    leader.fill("#decide [name=reason]", "Both functions saw it.")
    for number, what in (1, "Retrain the model"), (2, "Watch it for two weeks"):
        leader.fill(f"[name=action{number}-title]", what)
        leader.select_option(f"[name=action{number}-owner]", index=number)
        leader.fill(f"[name=action{number}-due_on]", "2026-12-20")
    leader.click("#decide button.button-primary")
    began = time.monotonic()
    leader.wait_for_selector(f"#meeting-log >> text={text}")
    other.wait_for_selector(f"#meeting-log >> text={text}", timeout=8_000)
    took = time.monotonic() - began
    assert other.locator("#meeting-log >> text=Watch it for two weeks").count() == 1
    assert took < 4  # it takes two seconds on an idle machine

    # The end: the minutes have the notes, the decisions and the actions.
    leader.click("[data-open=close] >> nth=0")
    leader.fill("#close [name=improvement]", "Start in time.")
    leader.click("#close button.button-primary")
    leader.wait_for_url(re.compile("/minutes/|/meetings/M-"))
    leader.goto(f"/meetings/{meeting.reference}/minutes/")
    words = leader.inner_text("main")
    for expected in (text, "Retrain the model", "Watch it for two weeks", "Seen in the raw data as well."):
        assert expected in words
