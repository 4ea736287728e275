"""The pages of the inventory."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Model
from catalogue.operations import model as operations
from history.models import Event
from kit.actor import SYSTEM
from people.states import Role
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
LIST = "/models/"
FORM = {
    "name": "Credit PD",
    "slug": "",
    "purpose": "",
    "regulation": "unknown",
    "owner_team": "",
    "developer": "",
    "link": "",
}


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def _count(client, path) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_an_empty_inventory_says_how_to_begin(client, ana):
    page = client.get(LIST).content.decode()

    assert "No models yet" in page
    assert "Register a model" in page


def test_the_list_costs_the_same_at_one_and_three_rows(client, ana):
    catalogue.model(owner_team=people.team(), developer=people.user())
    few = _count(client, LIST)
    for _ in range(2):
        catalogue.model(owner_team=people.team(), developer=people.user())

    assert _count(client, LIST) == few


def test_the_list_is_narrowed(client, ana):
    team = people.team("Lending")
    catalogue.model("credit-pd", owner_team=team, tier=1, stage="retired")
    catalogue.model("fraud-score")

    for query in ("q=credit", "owner_team=lending", "tier=1", "stage=retired"):
        rows = client.get(f"{LIST}?{query}").context["page"].rows
        assert [row.slug for row in rows] == ["credit-pd"], query
    assert [row.slug for row in client.get(f"{LIST}?owner_team=none").context["page"].rows] == ["fraud-score"]


@pytest.mark.parametrize("query", ["team=x", "tier=x", "stage=x", "order=x", "tier=1&tier=2"])
def test_the_list_refuses_what_it_does_not_know(client, ana, query):
    answer = client.get(f"{LIST}?{query}")

    assert (answer.status_code, query.split("=")[0] in answer.content.decode()) == (400, True)


@pytest.mark.parametrize(
    "query", ["after=zzz", "after=WzEsMl0", "after=WyJcdTAwMDAiLDFd", "order=tier&after=WzEsMl0"]
)
def test_a_cursor_of_another_list_gives_the_first_page(client, ana, query):
    model = catalogue.model()

    assert client.get(f"{LIST}?{query}").context["page"].rows == [model]


@pytest.mark.parametrize("sort", ["name", "-name", "tier", "-tier"])
def test_the_pages_of_the_list_follow_each_other(client, ana, sort):
    for number in range(52):
        catalogue.model(f"m-{number:02}", tier=number % 4 + 1 if number % 5 else None)

    first = client.get(f"{LIST}?order={sort}").context["page"]
    second = client.get(f"{LIST}?order={sort}&after={first.after}").context["page"]

    assert (len(first.rows), len(second.rows)) == (50, 2)
    assert not {row.pk for row in first.rows} & {row.pk for row in second.rows}


def test_htmx_gets_the_rows_alone(client, ana):
    answer = client.get(LIST, headers={"HX-Request": "true"})

    assert answer.content.decode().lstrip().startswith('<div id="rows">')


def test_a_restricted_model_is_not_found_by_strangers(client, ana):
    hidden = catalogue.model("canary", viewers=[people.team().subject_id])

    for method, path in (("get", ""), ("get", "edit/"), ("post", "edit/"), ("post", "stage/")):
        assert getattr(client, method)(f"{LIST}canary/{path}").status_code == 404
    assert client.get(f"{LIST}id/{hidden.pk}/").status_code == 404
    assert "canary" not in client.get(LIST).content.decode().lower()


def test_a_restricted_model_is_shown_to_its_team(client, ana):
    team = people.team()
    people.member(team, ana)
    catalogue.model("canary", viewers=[team.subject_id])

    assert "Restricted" in client.get(f"{LIST}canary/").content.decode()


def test_the_number_of_a_model_leads_to_its_page(client, ana):
    found = catalogue.model("credit-pd")

    assert client.get(f"{LIST}id/{found.pk}/").headers["Location"] == "/models/credit-pd/"


def test_the_page_says_what_is_missing(client, ana):
    catalogue.model("credit-pd")

    page = client.get(f"{LIST}credit-pd/").content.decode()

    assert "No owner team" in page
    assert "No purpose documented" in page


def test_a_name_registers_a_model(client, ana):
    answer = client.post(f"{LIST}new/", {"name": "Credit PD"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/models/credit-pd/")
    found = Model.objects.get()
    assert (found.name, found.stage) == ("Credit PD", "production")
    assert Event.objects.get(subject_id=found.subject_id).actor_id == ana.subject_id


def test_the_form_is_filled_in_from_what_a_tool_sent(client, ana):
    assert 'value="Credit_PD"' in client.get(f"{LIST}new/?name=Credit_PD").content.decode()


def test_one_press_registers_one_model(client, ana):
    data = {"name": "Credit PD", "once": "k1"}

    answers = [client.post(f"{LIST}new/", data).headers["Location"] for _ in range(2)]

    assert answers == ["/models/credit-pd/"] * 2
    assert Model.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"slug": "no spaces"}, {"slug": "new"}, {"name": "!!!"}, {"name": "New"}, {"link": "x y"}],
)
def test_an_impossible_value_is_reported_at_its_field(client, ana, wrong):
    answer = client.post(f"{LIST}new/", FORM | wrong)

    assert answer.status_code == 422
    assert not Model.objects.exists()


def test_a_name_that_is_taken_is_refused_at_the_slug(client, ana):
    catalogue.model("credit-pd")

    answer = client.post(f"{LIST}new/", FORM)

    assert answer.status_code == 422
    assert "already" in answer.context["form"].errors["slug"][0]


def test_a_viewer_reads_and_registers_nothing(client, ana):
    catalogue.model("credit-pd")
    client.force_login(people.user(role=Role.VIEWER))

    assert client.get(f"{LIST}credit-pd/").status_code == 200
    for path in ("new/", "credit-pd/edit/"):
        assert client.get(f"{LIST}{path}").status_code == 403
    assert client.post(f"{LIST}credit-pd/stage/", {"stage": "retired"}).status_code == 403


def test_a_member_of_another_team_changes_nothing(client, ana):
    catalogue.model("credit-pd", owner_team=people.team())

    assert client.get(f"{LIST}credit-pd/edit/").status_code == 403
    assert client.post(f"{LIST}credit-pd/edit/", FORM).status_code == 403


def test_the_owning_team_changes_its_model(client, ana):
    team = people.team()
    people.member(team, ana)
    found = catalogue.model("credit-pd", owner_team=team)

    answer = client.post(
        f"{LIST}credit-pd/edit/",
        FORM
        | {"name": "Credit default", "regulation": "high", "owner_team": team.pk, "version": found.version},
    )

    found.refresh_from_db()
    assert answer.status_code == 303
    assert (found.name, found.regulation, found.subject.title) == ("Credit default", "high", "Credit default")


def test_two_who_write_at_once_lose_nothing(client, ana):
    found = catalogue.model("credit-pd", developer=ana)
    operations.change(found, {"purpose": "Scores applicants."}, by=SYSTEM, at=found.subject.events.get().at)

    answer = client.post(f"{LIST}credit-pd/edit/", FORM | {"purpose": "Mine", "version": 1})

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Scores applicants." in page and "Mine" in page
    assert f'name="version" value="{found.version}"' in page


def test_a_stage_is_moved(client, ana):
    found = catalogue.model("credit-pd", developer=ana)

    client.post(f"{LIST}credit-pd/stage/", {"stage": "retired", "version": found.version})

    found.refresh_from_db()
    assert (found.stage, found.subject.is_retired) == ("retired", True)


def test_a_stage_that_moved_meanwhile_or_is_none_is_refused(client, ana):
    found = catalogue.model("credit-pd", developer=ana)

    assert client.post(f"{LIST}credit-pd/stage/", {"stage": "retired", "version": 7}).status_code == 409
    assert client.post(f"{LIST}credit-pd/stage/", {"stage": "x", "version": found.version}).status_code == 422
