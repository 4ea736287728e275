"""What a risk manager does in the list of risks by keyboard alone."""

import time
from datetime import timedelta

import pytest

from people.models import Team, User
from risklog.models import Category, Risk
from risklog.operations import risk as operations
from tests.conftest import AT
from tests.factories.risks import by

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def accepted(sign_in) -> list[str]:
    """Return the references of five risks of one team whose acceptance ends soon."""
    team, owner = Team.objects.order_by("pk")[0], User.objects.get(email="ana@example.org")
    drafts = [
        {
            "title": f"Accepted until the end of the month, {number}",
            "category": Category.objects.order_by("pk")[0],
            "likelihood": 3,
            "impact": 3,
            "team": team,
            "owner": owner,
            "state": "accepted",
            "treatment": "accept",
            "accepted_until": AT.date() + timedelta(days=5),
            "acceptance_reason": "The segment is wound down.",
        }
        for number in range(5)
    ]
    return [risk.reference for risk in operations.add_many(drafts, by=by(owner), at=AT)]


def press_until(page, key: str, text: str) -> None:
    """Press a key until an element with this text has the focus."""
    for _ in range(80):
        page.keyboard.press(key)
        if text in page.evaluate("() => document.activeElement.innerText || ''"):
            return
    raise AssertionError(f"{key} does not lead to {text}.")


def owners(references: list[str]) -> set[str]:
    rows = Risk.objects.filter(subject__reference__in=references)
    return set(rows.values_list("owner__email", flat=True))


def test_five_accepted_risks_of_a_team_are_reassigned_and_restored_within_a_minute(sign_in, accepted):
    team = Team.objects.order_by("pk")[0].name
    page = sign_in("admin", viewport=DESKTOP)
    page.goto("/risks/")
    began = time.monotonic()

    page.keyboard.press("v")
    press_until(page, "Tab", "Acceptance ends soon")
    page.keyboard.press("Enter")
    page.wait_for_url("**ending=true**")
    page.keyboard.press("f")
    press_until(page, "Tab", "Team")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#f-team a >> text={team}")
    press_until(page, "Tab", team)
    page.keyboard.press("Enter")
    page.wait_for_url("**team=**")
    for _ in accepted:
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.wait_for_selector("text=5 selected")
    page.keyboard.press("b")
    page.wait_for_url("**/risks/bulk/")
    page.wait_for_load_state()
    while page.evaluate("() => document.activeElement.name") != "owner":
        page.keyboard.press("Tab")
    page.keyboard.type("Wei")
    chosen = page.eval_on_selector("[name=owner]", "e => e.selectedOptions[0].text")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=5 to change")
    page.wait_for_load_state()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=5 risks changed")
    page.wait_for_load_state()  # the keys work once the scripts have run
    assert owners(accepted) == {User.objects.get(name=chosen).email}
    page.keyboard.press("u")
    page.wait_for_selector("text=5 risks restored")

    assert time.monotonic() - began < 60
    assert owners(accepted) == {"ana@example.org"}


def test_a_row_is_peeked_at_and_edited_in_place(sign_in, accepted):
    page = sign_in("admin", viewport=DESKTOP)
    page.goto("/risks/?order=-opened_at")
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.wait_for_selector("#peek:not([hidden]) h2")
    first = page.inner_text("#peek .reference")
    page.keyboard.press("j")
    page.wait_for_function(
        "first => document.querySelector('#peek .reference').innerText !== first", arg=first
    )
    reference = page.inner_text("#peek .reference")
    page.keyboard.press("Escape")
    assert page.is_hidden("#peek")
    assert page.evaluate("() => document.activeElement.closest('tr').id") == reference

    page.keyboard.press("o")
    page.wait_for_selector("#editor:popover-open [name=owner]")
    page.keyboard.type("Wei")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(f"text={reference} changed")
    page.wait_for_selector("#editor", state="hidden")
    assert owners([reference]) == {"wei@example.org"}
    page.wait_for_function("ref => document.activeElement.closest('tr')?.id === ref", arg=reference)

    page.keyboard.press("u")
    page.wait_for_selector(f"text={reference} restored")
    assert owners([reference]) == {"ana@example.org"}


def test_all_rows_of_a_page_are_selected_on_a_phone(sign_in):
    page = sign_in("admin", viewport=PHONE)
    page.goto("/risks/")
    page.locator("#rows [name=sel]").nth(0).focus()
    while not page.evaluate("() => document.activeElement.matches('.chip [data-all]')"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    count = page.locator("#rows [name=sel]").count()
    assert count > 1
    assert page.inner_text("#bulk b") == str(count)
