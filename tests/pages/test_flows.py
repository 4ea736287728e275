"""The flows of pages: one operation, and every answer to a form, tested with actions."""

import json

import pytest
from django.urls import reverse

from kit.actor import Actor
from tests.conftest import AT
from tests.factories import actions, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return people.user("Ana")


@pytest.fixture
def action(ana):
    return actions.action("Check the labels", owner=ana)


@pytest.fixture
def page(client, ana):
    client.force_login(ana)
    return client


def edit_address(action):
    return reverse("actions:action_edit", args=[action.reference])


def fields(**changes):
    return {"title": "New title", "type": "mitigation", **changes}


def test_edit_saves_and_leads_to_the_page(page, action):
    answer = page.post(edit_address(action), fields(version=action.version))

    action.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (
        303,
        reverse("actions:action_detail", args=[action.reference]),
    )
    assert action.title == "New title"


def test_edit_without_a_version_is_the_form_again_and_writes_nothing(page, action):
    answer = page.post(edit_address(action), fields())

    action.refresh_from_db()
    assert (answer.status_code, action.title) == (428, "Check the labels")
    assert b"version of this form is missing" in answer.content
    assert b'value="New title"' in answer.content


def test_edit_without_a_version_says_so_also_beside_another_fault(page, action):
    answer = page.post(edit_address(action), fields(title=""))

    assert answer.status_code == 428
    assert b"does not name the version you edited" in answer.content
    assert b"This field is required" in answer.content


def test_edit_of_an_old_version_shows_both_texts_and_keeps_the_writers(page, action, ana):
    from actions.operations import action as operations

    operations.change(action, {"title": "Somebody was first"}, by=Actor(ana, "page"), at=AT)

    answer = page.post(edit_address(action), fields(version=1))

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody was first" in text and 'value="New title"' in text
    assert f'name="version" value="{action.version}"' in text


def test_saving_again_after_a_conflict_takes_the_writers_text(page, action, ana):
    from actions.operations import action as operations

    operations.change(action, {"title": "Somebody was first"}, by=Actor(ana, "page"), at=AT)

    answer = page.post(edit_address(action), fields(version=action.version))

    action.refresh_from_db()
    assert (answer.status_code, action.title) == (303, "New title")


def test_a_form_with_an_error_keeps_the_version_it_was_sent_with(page, action):
    answer = page.post(edit_address(action), fields(title="", version=1))

    assert answer.status_code == 422
    assert b'name="version" value="1"' in answer.content


def test_a_button_without_a_version_writes_nothing_and_says_so(page, action):
    address = reverse("actions:action_step", args=[action.reference, "start"])

    answer = page.post(address, headers={"HX-Request": "true"})

    action.refresh_from_db()
    assert action.state == "open"
    assert "out of date" in page.get(answer["HX-Redirect"]).content.decode()


def test_a_step_offers_an_undo_at_the_version_it_made(page, action):
    address = reverse("actions:action_step", args=[action.reference, "finish"])

    page.post(address, {"version": action.version})

    action.refresh_from_db()
    undo = reverse("actions:action_step", args=[action.reference, "reopen"]) + f"?version={action.version}"
    assert undo in page.get(reverse("actions:action_list")).content.decode()
    page.post(undo)
    action.refresh_from_db()
    assert action.state == "open"


def test_a_list_page_refuses_what_it_does_not_know(page):
    for query, name in (
        ("colour=red", "colour"),
        ("state=green", "state"),
        ("state=open&state=done", "state"),
        ("order=size", "order"),
    ):
        answer = page.get(f"{reverse('actions:action_list')}?{query}")
        assert (answer.status_code, name in answer.content.decode()) == (400, True), query


def test_page_and_api_refuse_the_same_query(page):
    for query in ("colour=red", "state=green", "due=late&due=week", "owner=x"):
        by_api = page.get(f"/api/v1/actions?{query}")
        by_page = page.get(f"{reverse('actions:action_list')}?{query}")
        assert (by_api.status_code, by_page.status_code) == (400, 400), query
        detail = json.loads(by_api.content)["errors"][0]["detail"]
        assert detail.split(".")[0] in by_page.content.decode()
