"""The pages of saved views, and the tabs of the list of risks with their counts."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.states import Role
from risklog.states import RiskState
from saved import operations
from saved.models import SavedView
from tests.factories import people, risks
from tests.factories import saved as make
from tests.factories.risks import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau")
    client.force_login(person)
    return person


def tabs(client, query=""):
    return {tab.label: tab for tab in client.get(f"/risks/?{query}").context["tabs"]}


def counts(client):
    page = client.get("/views/counts/risks/").content.decode()
    return dict(re.findall(r'id="count-([\w-]+)"[^>]*>([\d,+]+)<', page))


def save(client, **fields):
    page = client.get("/views/new/", {"list": "risks", "query": fields.get("query", "")}).content.decode()
    once = re.search(r'name="once" value="([^"]+)"', page)[1]
    return client.post("/views/new/", {"list": "risks", "once": once, **fields})


def test_filters_of_a_list_are_saved_and_become_its_tab(client, ana):
    page = client.get("/risks/?level=4,5&order=severity").content.decode()
    assert "/views/new/?list=risks&amp;query=level%3D4%2C5%26order%3Dseverity" in page

    answer = save(client, name="Worst", query="level=4,5&order=severity")

    assert (answer.status_code, answer["Location"]) == (303, "/risks/?level=4,5&order=severity")
    found = tabs(client, "level=5,4&order=severity")
    assert (found["Worst"].is_current, found["Critical & high"].is_current) == (True, False)
    assert tabs(client, "level=5,4")["Critical & high"].is_current


def test_an_error_keeps_the_form(client, ana):
    make.view("Worst", owner=ana)

    answer = save(client, name="Worst", query="level=5")

    assert answer.status_code == 422
    assert "already a view called" in answer.content.decode()
    assert "Level: Critical" in answer.content.decode()


@pytest.mark.parametrize("query", ["level=9", "colour=red"])
def test_a_query_that_the_list_refuses_is_not_offered_for_saving(client, ana, query):
    assert client.get("/views/new/", {"list": "risks", "query": query}).status_code == 400
    assert client.get("/views/new/", {"list": "cakes"}).status_code == 404


def test_a_link_to_a_view_leads_to_its_filters(client, ana):
    view = make.view(query="level=5&order=severity", owner=people.user(), is_shared=True)

    assert client.get(f"/views/{view.pk}/")["Location"] == "/risks/?level=5&order=severity"
    assert client.get(f"/views/{make.view().pk}/").status_code == 404


def test_a_deleted_view_keeps_its_filters_for_those_who_use_it(client, ana, at):
    owner = people.user("Max Mate")
    view = make.view("Worst", query="level=5&order=severity", owner=owner, is_shared=True)
    operations.delete(view, by=by(owner), at=at)

    answer = client.get(f"/views/{view.pk}/")
    page = answer.content.decode()

    assert answer.status_code == 410
    assert "Max Mate deleted “Worst”" in page
    assert 'href="/risks/?level=5&amp;order=severity"' in page
    assert "Level: Critical" in page
    assert "restore" not in page
    assert "Worst" not in tabs(client)


def test_a_view_is_deleted_with_undo_and_the_filters_stay(client, ana):
    view = make.view("Worst", query="level=5", owner=ana)

    answer = client.post(f"/views/{view.pk}/delete/", {"version": view.version}, follow=True)

    assert answer.redirect_chain[-1][0] == "/risks/?level=5"
    page = answer.content.decode()
    undo = re.search(r"/views/\d+/restore/\?version=\d+", page)[0]
    client.post(undo)
    assert SavedView.objects.get(pk=view.pk).state == "active"


def test_a_view_is_edited_at_the_version_that_was_shown(client, ana):
    view = make.view("Worst", query="level=5", owner=ana)
    page = client.get(f"/views/{view.pk}/edit/?query=level=4").content.decode()
    assert "Level: High" in page

    form = {"name": "Bad", "query": "level=4", "is_shared": "on"}
    assert client.post(f"/views/{view.pk}/edit/", form).status_code == 428
    assert client.post(f"/views/{view.pk}/edit/", {**form, "version": 7}).status_code == 409
    assert client.post(f"/views/{view.pk}/edit/", {**form, "version": 1}).status_code == 303

    view.refresh_from_db()
    assert (view.name, view.query, view.is_shared) == ("Bad", "level=4", True)


def test_others_open_a_shared_view_but_do_not_change_it(client, ana):
    view = make.view("Worst", owner=people.user(), is_shared=True)

    assert client.get(f"/views/{view.pk}/edit/").status_code == 403
    assert not tabs(client)["Worst"].may_change
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    assert client.get(f"/views/{view.pk}/edit/").status_code == 200


def test_counts_are_those_of_the_reader(client, ana, at):
    team = people.team("Fraud")
    risks.restricted("A secret", team, likelihood=5, impact=5)
    risks.risk(likelihood=5, impact=5, owner=ana)
    risks.risk(likelihood=1, impact=1, state=RiskState.CLOSED)
    view = make.view(query="level=5", owner=people.user(), is_shared=True)

    assert counts(client) == {
        "live": "1", "mine": "1", "high": "1", "overdue": "0", "unowned": "0", "unplanned": "1",
        "ending": "0", "changed": "1", "teams": "0", "accepted": "0", "closed": "1",
        "appetite": "0", f"saved-{view.pk}": "1",
    }  # fmt: skip
    client.force_login(people.user(teams=[team]))
    assert counts(client)["high"] == "2"


def test_counts_stop_at_a_thousand(client, ana, monkeypatch):
    monkeypatch.setattr("lists.counting.CAP", 1)
    risks.risk()
    risks.risk()

    assert counts(client)["live"] == "1+"


def test_the_pages_of_views_cost_the_same_for_one_and_three(client, ana):
    def cost(url):
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    urls = ("/views/", "/views/counts/risks/", "/risks/")
    make.view(owner=ana)
    one = [cost(url) for url in urls]
    make.view(owner=ana, query="level=5")
    make.view(owner=people.user(), is_shared=True)

    assert [cost(url) for url in urls] == one
    assert max(one) <= 15


def test_a_chip_of_a_shared_view_does_not_name_what_was_hidden_later(client, ana, at):
    owner = people.user()
    model = risks.model("Churn scoring")
    view = make.view("Worst", query=f"model={model.slug}", owner=owner, is_shared=True)
    model.subject.viewers = [people.team("Fraud").subject_id]
    model.subject.save(update_fields=["viewers"])
    operations.delete(view, by=by(owner), at=at)

    for url in (f"/views/{view.pk}/", "/views/", f"/risks/?model={model.slug}"):
        assert "Churn scoring" not in client.get(url).content.decode(), url
    assert "Model: unknown" in client.get(f"/views/{view.pk}/").content.decode()


def test_a_view_with_a_filter_that_is_gone_does_not_break_the_list(client, ana):
    view = make.view("Old", owner=ana)
    SavedView.objects.filter(pk=view.pk).update(query="gone=1")

    assert "Old" in tabs(client)
    assert f"saved-{view.pk}" not in counts(client)
    assert "not available any more" in client.get("/views/").content.decode()


@pytest.mark.parametrize(
    ("query", "wanted"), [("", {"Mine", "Theirs"}), ("?owner=me", {"Mine"}), ("?q=their", {"Theirs"})]
)
def test_the_list_of_views_is_filtered(client, ana, query, wanted):
    make.view("Mine", owner=ana)
    make.view("Theirs", is_shared=True)
    make.view("Hidden")

    assert {view.name for view, _, _ in client.get(f"/views/{query}").context["views"]} == wanted
