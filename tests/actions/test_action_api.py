"""Actions by API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions import queries
from actions.api.action import ActionRow
from actions.models import Action
from actions.operations import action as operations
from history.models import Event
from kit.actor import SYSTEM
from people.states import Role
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
ANY = {"If-Match": "*"}
LIST = "/api/v1/actions"


@pytest.fixture
def ana(client):
    person = people.user("Ana")
    client.force_login(person)
    return person


def send(client, method, path, body=None, **headers):
    return getattr(client, method)(path, body, content_type="application/json", headers=headers)


def test_the_row_read_is_the_row_the_serializer_declares(client, ana):
    root = actions.action("Root")
    actions.done(title="Cap", owner=ana, due_on="2026-11-27", about=root.subject, origin=root.subject)

    rows = client.get(f"{LIST}?order=id").json()["results"]

    declared = [ActionRow(action).data for action in queries.actions().order_by("id")]
    assert [dict(row) for row in declared] == rows


def test_the_list_costs_the_same_at_one_and_three_rows(client, ana):
    root = actions.action("Root").subject
    actions.action(about=root)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            assert client.get(LIST).status_code == 200
        counts.append(len(found))
        actions.action(about=root, owner=ana)
        actions.action(about=root, owner=ana)

    assert counts[0] == counts[1]


def test_the_list_is_filtered_and_ordered(client, ana):
    late = actions.action("No date")
    soon = actions.action("Soon", due_on="2026-11-24", owner=ana, about=late.subject)

    assert [row["id"] for row in client.get(LIST + "?order=due_on").json()["results"]] == [soon.pk, late.pk]
    named = (ana.pk, ana.email, ana.email.upper(), f"@{ana.handle}")
    for query in (*(f"owner={name}" for name in named), f"about={late.reference}"):
        assert [row["id"] for row in client.get(f"{LIST}?{query}").json()["results"]] == [soon.pk]
    assert client.get(LIST + "?order=due_on&limit=1").json()["next"]
    assert client.get(LIST + "?state=open").json()["count"] == 2


def test_pages_by_due_date_follow_each_other(client, ana):
    for day in ("2026-11-24", "2026-11-24", None):
        actions.action(due_on=day)

    found, address = [], f"{LIST}?order=due_on&limit=1"
    while address:
        page = client.get(address).json()
        found += [row["id"] for row in page["results"]]
        address = page["next"]

    assert found == list(Action.objects.order_by("id").values_list("id", flat=True))


def test_the_subject_of_an_action_is_shown_only_to_those_who_may_see_it(client, ana, at):
    secret = actions.action("Canary", viewers=[people.team().subject_id])
    operations.add(title="Open", about=secret.subject, viewers=[ana.subject_id], by=SYSTEM, at=at)

    (row,) = client.get(LIST).json()["results"]

    assert (row["title"], row["about_title"], row["about_reference"]) == ("Open", None, None)
    assert client.get(f"{LIST}?about={secret.reference}").json()["results"] == []
    assert client.get(f"{LIST}/{secret.reference}").status_code == 404


def test_create_answers_where_it_is(client, ana):
    root = actions.action("Root")
    body = {"title": "Cap", "owner": ana.email, "due_on": "2026-11-27", "about": root.reference}

    answer = send(client, "post", LIST, body)

    made = Action.objects.get(title="Cap")
    assert answer.status_code == 201
    assert answer["Location"] == f"{LIST}/{made.reference}"
    assert answer["ETag"] == f'"action-{made.pk}-1"'
    assert (made.owner, made.about_id) == (ana, root.subject_id)
    assert Event.objects.get(subject=made.subject).via == "api"


def test_create_refuses_a_stranger_s_object_and_an_unknown_field_by_name(client, ana):
    hidden = actions.action("Canary", viewers=[people.team().subject_id])

    stranger = send(client, "post", LIST, {"title": "X", "about": hidden.reference})
    nothing = send(client, "post", LIST, {"title": "X", "about": "R-999999"})
    unknown = send(client, "post", LIST, {"title": "X", "state": "done"})

    assert stranger.status_code == nothing.status_code == unknown.status_code == 400
    assert stranger.json()["errors"][0]["field"] == nothing.json()["errors"][0]["field"] == "about"
    assert unknown.json()["errors"][0]["field"] == "state"


def test_a_patch_needs_the_version_it_was_made_from(client, ana):
    action = actions.action("Old", owner=ana)
    path = f"{LIST}/{action.reference}"

    assert send(client, "patch", path, {"title": "New"}).status_code == 428
    first = send(client, "patch", path, {"title": "New"}, **{"If-Match": f'"action-{action.pk}-1"'})
    stale = send(client, "patch", path, {"title": "Newer"}, **{"If-Match": f'"action-{action.pk}-1"'})

    assert (first.status_code, stale.status_code) == (200, 412)
    assert first.json()["version"] == 2
    assert stale.json()["present"]["title"] == "New"


@pytest.mark.parametrize(
    ("step", "body", "state"),
    [
        ("start", {}, "doing"),
        ("block", {"reason": "No access"}, "blocked"),
        ("finish", {"note": "p99"}, "done"),
        ("drop", {"reason": "Not needed"}, "dropped"),
    ],
)
def test_steps_are_posts(client, ana, step, body, state):
    action = actions.action(owner=ana)

    unversioned = send(client, "post", f"{LIST}/{action.pk}/{step}", body)
    answer = send(
        client, "post", f"{LIST}/{action.pk}/{step}", body, **{"If-Match": f'"action-{action.pk}-1"'}
    )

    assert unversioned.status_code == 428
    assert (answer.status_code, answer.json()["state"]) == (200, state)


def test_the_steps_back(client, ana):
    done, doing = actions.done(owner=ana), actions.doing(owner=ana)

    assert send(client, "post", f"{LIST}/{done.pk}/reopen", **ANY).json()["state"] == "open"
    assert send(client, "post", f"{LIST}/{doing.pk}/put_back", **ANY).json()["state"] == "open"
    assert send(client, "post", f"{LIST}/{doing.pk}/reopen", **ANY).status_code == 409
    assert send(client, "post", f"{LIST}/{doing.pk}/block", {"reason": " "}, **ANY).status_code == 400


def test_who_may_not_change_it_is_refused(client, ana):
    action = actions.action(owner=people.user())
    path = f"{LIST}/{action.pk}"

    assert send(client, "post", f"{path}/finish").status_code == 403
    assert send(client, "patch", path, {"title": "X"}, **{"If-Match": "*"}).status_code == 403
    client.force_login(people.user(role=Role.VIEWER))
    assert send(client, "post", LIST, {"title": "X"}).status_code == 403
    assert client.get(path).status_code == 200


def test_a_bare_number_names_no_object(client, ana):
    root = actions.action("Root")

    refused = send(client, "post", LIST, {"title": "X", "about": root.subject_id})
    by_kind = send(client, "post", LIST, {"title": "X", "about": {"kind": "action", "id": root.pk}})

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["field"], "R-12" in error["detail"]) == (400, "about", True)
    assert (by_kind.status_code, by_kind.json()["about_reference"]) == (201, root.reference)


@pytest.mark.parametrize(
    "about", [{"kind": "action"}, {"kind": "action", "id": "1"}, {"kind": 1, "id": 1}, [1], True]
)
def test_an_object_named_otherwise_is_refused_by_field(client, ana, about):
    answer = send(client, "post", LIST, {"title": "X", "about": about})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "about")


@pytest.mark.parametrize("handle", ["{}", "@{}"])
def test_an_owner_is_named_by_handle(client, ana, handle):
    made = send(client, "post", LIST, {"title": "Cap", "owner": handle.format(ana.handle)})

    assert (made.status_code, made.json()["owner_id"]) == (201, ana.pk)


def test_an_owner_who_is_nobody_is_refused_with_what_names_people(client, ana):
    refused = send(client, "post", LIST, {"title": "Cap", "owner": "nobody-here"})

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["field"]) == (400, "owner")
    assert error["detail"] == (
        "There is no person “nobody-here”. Use the id, the email address or the handle of a person."
    )


@pytest.mark.parametrize("named", ["eve@example.org", "@eve", "@", "eve"])
def test_a_filter_by_a_person_who_does_not_exist_is_named(client, ana, named):
    answer = client.get(f"/api/v1/actions?owner={named}")

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (400, "owner")
    assert "email address" in error["detail"]
