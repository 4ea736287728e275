"""Cards of the board are dragged with a mouse."""

import pytest

from actions.models import Action
from actions.operations import action as operations
from actions.states import ActionState
from kit.actor import SYSTEM
from people.models import User
from tests.conftest import AT


@pytest.fixture
def board(sign_in):
    """The board of Ana, who has one open action, with an empty column of blocked ones."""
    ana = User.objects.get(email="ana@example.org")
    Action.objects.filter(state=ActionState.BLOCKED).update(state=ActionState.OPEN)
    made = operations.add(title="Drag me", owner=ana, by=SYSTEM, at=AT)
    page = sign_in("ana", viewport={"width": 1280, "height": 900})
    page.goto("/actions/board/?owner=me")
    page.hover("#board")
    page.wait_for_function("() => window.Sortable?.get(document.querySelector('#board [data-column]'))")
    return page, made


def test_a_card_is_dropped_far_down_in_an_empty_column(board):
    page, made = board
    card = page.locator(f"[data-moves]:has-text('{made.title}')")
    card.scroll_into_view_if_needed()
    place = card.bounding_box()
    column = page.locator("section:has(> [data-column=blocked])").bounding_box()
    page.mouse.move(place["x"] + 60, place["y"] + 16)
    page.mouse.down()
    page.mouse.move(place["x"] + 90, place["y"] + 40, steps=6)
    page.mouse.move(column["x"] + 80, min(column["y"] + 400, 850), steps=20)
    page.wait_for_timeout(200)  # the list under the pointer takes the card

    page.mouse.up()

    page.wait_for_selector("#editor:popover-open [name=reason]")
    made.refresh_from_db()
    assert made.state == ActionState.OPEN
