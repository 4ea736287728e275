"""Decision rights: assigned for a model, a team or the organisation, on the pages and by API."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import DecisionRight
from catalogue.operations import decision_right as operations
from catalogue.operations import model as model_operations
from catalogue.queries import decision_right as queries
from catalogue.queries import model as model_queries
from catalogue.states import RightKind
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from people.operations import person as persons
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
LIST = "/models/decision-rights/"


@pytest.fixture
def manager():
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def page(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def api(client, manager):
    _, text = token.issue(manager, name="all", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(
            f"/api/v1/{address}", **sent, headers={"Authorization": f"Bearer {text}", **headers}
        )

    return call


# ------------------------------------------------------------------ operations


def test_the_model_then_its_team_then_the_organisation_decides(manager):
    lead = people.user("Lea")
    team = people.team("Lending", lead=lead)
    model = catalogue.model("credit", owner_team=team)
    general = catalogue.right(who="team_lead", person=None)
    model = model_queries.models().get(pk=model.pk)

    def decider():
        return {one.kind: one for one in queries.deciders_of_model(manager, model)}[RightKind.DEPLOYMENT]

    assert (decider().right, decider().person) == (general, lead)
    of_team = catalogue.right(team=team)
    assert decider().right == of_team
    own = catalogue.right(model=model)
    assert (decider().right, decider().person) == (own, own.person)
    operations.withdraw(own, why="Reorganised", **BY)
    assert decider().right == of_team
    assert [one.right for one in queries.deciders_of_team(manager, team)] == [None, None, of_team]


def test_a_right_is_assigned_once_for_a_scope_and_again_after_it_was_withdrawn(manager):
    model = catalogue.model("credit")
    first = catalogue.right(model=model)

    with pytest.raises(Refused, match="already assigned for: Credit") as refused:
        catalogue.right(model=model)
    assert refused.value.field == "kind"
    operations.withdraw(first, why="Reorganised", **BY)
    assert catalogue.right(model=model).pk != first.pk


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"who": "person"}, "person"),
        ({"who": "function"}, "function"),
        ({"who": "nobody"}, "who"),
        ({"who": "team_lead", "why": " "}, "why"),
        ({"who": "team_lead", "kind": "everything"}, "kind"),
    ],
)
def test_bad_input_names_the_field(fields, field):
    given = {"kind": "deployment", "why": "Agreed", **fields}

    with pytest.raises(Refused) as refused:
        operations.assign(**given, **BY)
    assert refused.value.field == field
    assert not DecisionRight.objects.exists()


def test_a_right_of_a_model_and_a_team_and_one_of_a_viewer_are_refused():
    with pytest.raises(Refused, match="not both"):
        catalogue.right(model=catalogue.model(), team=people.team())
    with pytest.raises(Refused, match="may only read"):
        catalogue.right(person=people.user(role=Role.VIEWER))


def test_both_holders_are_told_when_a_right_moves(manager):
    old, new = people.user("Old"), people.user("New")
    right = catalogue.right(person=old)
    operations.change(right, {"person": new, "why": "Took over"}, seen=1, **BY)

    event = Event.objects.get(verb="catalogue.decision_right_changed")
    assert (event.data["told"], event.data["former"]) == ([new.pk], [old.pk])
    assert Event.objects.get(verb="catalogue.decision_right_assigned").chain_no
    with pytest.raises(ChangedMeanwhile):
        operations.change(right, {"why": "Late"}, seen=1, **BY)
    operations.change(right, {"why": "Took over"}, seen=2, **BY)
    assert Event.objects.filter(verb="catalogue.decision_right_changed").count() == 1


def test_a_function_replaces_a_person(manager):
    right = catalogue.right()
    science = people.function("data-science")

    operations.change(right, {"function": science, "person": None}, **BY)

    right.refresh_from_db()
    assert (right.who, right.person, right.function) == ("function", None, science)


# ------------------------------------------------------------------ pages


def test_a_right_is_assigned_changed_and_withdrawn_on_pages(page, manager):
    model, ana = catalogue.model("credit"), people.user("Ana")
    form = page.get(f"{LIST}new/?kind=deployment&model={model.pk}")
    once = form.content.decode().split('name="once" value="')[1].split('"')[0]
    sent = {"kind": "deployment", "model": model.pk, "who": "person", "person": ana.pk, "once": once}

    assert b"This field is required" in page.post(f"{LIST}new/", sent).content
    made = page.post(f"{LIST}new/", {**sent, "why": "She runs the releases"})
    right = DecisionRight.objects.get()
    assert made["Location"] == f"{LIST}{right.pk}/"
    shown = page.get("/models/credit/").content.decode()
    assert "Who decides what" in shown
    assert "She runs the releases" in shown
    assert "Nobody is assigned" in shown

    change = {"who": "team_lead", "why": "The team decides", "version": 1}
    assert page.post(f"{LIST}{right.pk}/edit/", change).status_code == 303
    assert "This model has no team with a lead" in page.get("/models/credit/").content.decode()
    gone = page.post(f"{LIST}{right.pk}/withdraw/", {"why": "Reorganised", "version": 2})
    assert gone["Location"] == f"{LIST}{right.pk}/"
    assert "Withdrawn" in page.get(f"{LIST}{right.pk}/").content.decode()
    assert "No decision rights yet" in page.get(LIST).content.decode()
    assert page.get(f"{LIST}?is_withdrawn=true").content.decode().count("data-row") == 1


def test_the_list_costs_the_same_at_one_and_three_rows(page):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert page.get(LIST).status_code == 200
        return len(queries)

    catalogue.right(model=catalogue.model())
    few = cost()
    catalogue.right(team=people.team())
    catalogue.right(function=people.function("engineering"))
    assert cost() == few


def test_only_risk_managers_assign(client, manager):
    client.force_login(people.user("Max"))
    right = catalogue.right()

    assert client.get(f"{LIST}new/").status_code == 403
    assert client.post(f"{LIST}{right.pk}/withdraw/", {"why": "x", "version": 1}).status_code == 403
    assert "Assign a right" not in client.get(LIST).content.decode()


def test_a_right_of_a_hidden_model_and_a_hidden_reason_do_not_show(client, manager):
    team = people.team("Inside")
    model = catalogue.model("secret", viewers=[team.subject_id])
    hidden = catalogue.right(model=model, why="Quetzal")
    shown = catalogue.right(because=model.subject)
    client.force_login(people.user("Max"))

    assert client.get(f"{LIST}{hidden.pk}/").status_code == 404
    text = client.get(LIST).content.decode() + client.get(f"{LIST}{shown.pk}/").content.decode()
    assert "Quetzal" not in text
    assert "secret" not in text.lower()


# ------------------------------------------------------------------ API


def test_a_right_is_assigned_changed_and_withdrawn_by_api(api, manager):
    ana = people.user("Ana")
    team = people.team("Lending")
    model = catalogue.model("credit", owner_team=team)
    body = {"kind": "deployment", "team": team.slug, "who": "person", "person": ana.email, "why": "Agreed"}

    made = api("post", "decision-rights", body)
    assert made.status_code == 201
    row = made.json()
    assert (row["scope"], row["team_slug"], row["person_name"]) == ("team", team.slug, "Ana")
    address = f"decision-rights/{row['id']}"
    assert api("post", "decision-rights", body).json()["errors"][0]["field"] == "kind"
    assert api("get", f"decision-rights?scope=team&team={team.slug}").json()["count"] == 1
    assert api("get", "decision-rights?scope=model").json()["count"] == 0
    assert api("get", "decision-rights?scope=planet").status_code == 400
    found = api("get", f"models/{model.slug}/decision-rights").json()["results"]
    assert [(one["kind"], one["scope"], one["person_id"]) for one in found] == [
        ("data_quality", None, None),
        ("model_change", None, None),
        ("deployment", "team", ana.pk),
    ]

    changed = api("patch", address, {"why": "Still so"}, **{"If-Match": made["ETag"]})
    assert changed.json()["why"] == "Still so"
    assert api("post", f"{address}/withdraw", {"why": "Reorganised"}).status_code == 428
    gone = api("post", f"{address}/withdraw", {"why": "Reorganised"}, **{"If-Match": changed["ETag"]})
    assert gone.json()["is_withdrawn"]
    refused = api("patch", address, {"why": "Again"}, **{"If-Match": gone["ETag"]})
    assert refused.status_code == 422


def test_a_hidden_reason_is_null_by_api(api):
    team = people.team("Inside")
    model = catalogue.model("secret", viewers=[team.subject_id])
    model_operations.change(model, {"purpose": "x"}, by=Actor(), at=AT)
    right = catalogue.right(because=model.subject)

    assert api("get", f"decision-rights/{right.pk}").json()["because_reference"] is None


def test_a_holder_who_has_left_is_marked_on_pages_and_by_api(page):
    gone, team = people.user("Gone Girl"), people.team("Fraud")
    model = catalogue.model("scores", owner_team=team)
    right = catalogue.right(person=gone, model=model)
    pages = (LIST, f"{LIST}{right.pk}/", "/models/scores/")
    api = ("/api/v1/decision-rights", "/api/v1/models/scores/decision-rights")

    def states():
        rows = [page.get(path).json()["results"] for path in api]
        return {row["person_is_active"] for found in rows for row in found if row["person_id"] == gone.pk}

    assert states() == {True}
    assert not any("has left" in page.get(path).content.decode() for path in pages)
    persons.deactivate(gone, **BY)

    assert states() == {False}
    assert [path for path in pages if "has left" not in page.get(path).content.decode()] == []
