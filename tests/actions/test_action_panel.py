"""The panel that other pages show."""

import pytest
from django.template.loader import render_to_string

from actions import queries
from people.states import Role
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
PANEL = "actions/_panel_actions.html"


def rendered(user, obj) -> str:
    return render_to_string(PANEL, {"panel": queries.of_subject(user, obj), "object": obj})


def test_the_panel_lists_what_is_to_be_done_and_the_way_to_add():
    ana, root = people.user("Ana"), actions.action("Root")
    actions.action("Cap it", about=root.subject, owner=ana, due_on="2026-11-27")
    actions.done(title="Read up", about=root.subject)

    page = rendered(ana, root)

    assert "Cap it" in page
    assert "1 of 2 done" in page
    assert f"?about={root.reference}" in page


def test_an_empty_panel_says_so_and_offers_a_viewer_nothing():
    page = rendered(people.user(role=Role.VIEWER), actions.action("Root"))

    assert "No actions yet." in page
    assert "?about=" not in page


def test_a_long_panel_says_how_many_are_left_out():
    ana, root = people.user(), actions.action("Root")
    for _ in range(queries.PANEL_SIZE + 2):
        actions.action(about=root.subject)

    assert "2 more not shown." in rendered(ana, root)
