"""Aliases: other names of models in tools."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Alias
from catalogue.operations import alias as operations
from catalogue.operations import model as models
from catalogue.queries import model as queries
from catalogue.slugs import name_key
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

BY = {"by": SYSTEM, "at": AT}


@pytest.fixture
def manager(db):
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Credit_PD", "credit-pd"),
        ("  credit  pd. ", "credit-pd"),
        ("\uff23\uff32\uff25\uff24\uff29\uff34\uff0f\uff30\uff24", "credit-pd"),  # full-width letters
        ("Crédit", "crédit"),
        ("Cre\u0301dit", "crédit"),
        ("Кредитный Скоринг", "кредитный-скоринг"),
        ("信用モデル", "信用モデル"),
        ("क्रेडिट", "क्रेडिट"),
        ("--", ""),
    ],
)
def test_spellings_of_one_name_have_one_key(name, key):
    assert name_key(name) == key


# ------------------------------------------------------------------ operations


@pytest.mark.django_db
def test_a_model_is_found_by_slug_spelling_and_alias():
    model, other = catalogue.model("credit-pd"), catalogue.model("kredit")
    catalogue.alias(model, "Кредит")
    names = ["CREDIT PD", "credit_pd", "кредит", "Kredit", "churn", "", "…"]

    assert queries.models_called(names) == {
        "CREDIT PD": model,
        "credit_pd": model,
        "кредит": model,  # the alias counts before the slug that the name has in ASCII
        "Kredit": other,
    }
    assert queries.is_called(model, "Кредит") and not queries.is_called(other, "Кредит")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (" … ", "a letter or a digit"),
        ("x" * 121, "at most 120"),
        ("Credit_PD", "already found"),
        ("Fraud score", "another model"),
        ("FRAUD-ALIAS", "another model"),
    ],
)
def test_a_name_that_cannot_be_an_alias_is_refused(name, text):
    catalogue.alias(catalogue.model("fraud-score"), "fraud alias")

    with pytest.raises(Refused, match=text) as refused:
        operations.add(catalogue.model("credit-pd"), name=name, **BY)
    assert refused.value.field == "name"
    assert Alias.objects.count() == 1


@pytest.mark.django_db
def test_an_alias_is_no_slug_of_a_new_model_until_it_is_removed():
    alias = catalogue.alias(name="Credit PD")

    with pytest.raises(Refused, match="alias of a model") as refused:
        models.add(name="Credit PD", **BY)
    assert refused.value.field == "slug"
    operations.remove(alias, seen=1, **BY)
    with pytest.raises(Refused, match="removed already"):
        operations.remove(alias, **BY)
    assert queries.models_called(["credit pd"]) == {}
    assert models.add(name="Credit PD", **BY).slug == "credit-pd"


@pytest.mark.django_db
def test_a_late_removal_is_refused():
    first, same = catalogue.alias(), Alias.objects.get()
    operations.remove(first, seen=1, **BY)

    with pytest.raises(ChangedMeanwhile):
        operations.remove(same, seen=1, **BY)


def test_an_alias_is_visible_with_its_model(manager):
    team = people.team("Fraud")
    alias = catalogue.alias(catalogue.model(viewers=[team.subject_id]), "Secret")

    assert not queries.aliases().visible_to(people.user("Sam")).exists()
    assert queries.aliases().visible_to(people.user("Max", teams=[team])).get() == alias


def test_a_model_is_suggested_for_a_name_that_shares_words(manager):
    model = catalogue.model("credit-pd", name="Retail credit PD")
    secret = catalogue.model("churn-secret", viewers=[people.team("Fraud").subject_id])

    likely = queries.likely_models(people.user("Sam"), ["credit_pd_v2", "Churn secret", "other"])
    assert likely == {"credit_pd_v2": model}
    assert queries.likely_models(people.user("Max", teams=[people.team()]), [secret.slug]) == {}


# ------------------------------------------------------------------ pages


def test_an_alias_is_added_shown_found_and_removed_on_pages(client, manager):
    client.force_login(manager)
    model = catalogue.model("credit", name="Credit")
    form = client.get("/models/aliases/new/?name=Kredit&model=credit").content.decode()
    once = form.split('name="once" value="')[1].split('"')[0]
    sent = {"name": "Kredit", "model": model.pk, "once": once}

    assert client.post("/models/aliases/new/", {**sent, "name": "credit"}).status_code == 422
    assert client.post("/models/aliases/new/", sent)["Location"] == "/models/credit/aliases/"
    assert "Kredit" in client.get("/models/credit/aliases/").content.decode()
    page = client.get("/models/credit/").content.decode()
    assert "<code>Kredit</code>" in page and "added the alias" in page
    assert f"/models/id/{model.pk}/" in client.get("/search/?q=kredit").content.decode()

    alias = Alias.objects.get()
    client.post(f"/models/aliases/{alias.pk}/remove/", {"version": 1})
    assert "<code>Kredit</code>" not in client.get("/models/credit/aliases/").content.decode()
    assert f"/models/id/{model.pk}/" not in client.get("/search/?q=kredit").content.decode()


def test_somebody_outside_the_team_changes_no_alias(client, manager):
    model = catalogue.model("credit", owner_team=people.team("Lending"))
    alias = catalogue.alias(model)
    client.force_login(people.user("Sam"))

    assert client.get("/models/credit/aliases/").status_code == 200
    assert client.post("/models/aliases/new/", {"name": "K", "model": model.pk}).status_code == 403
    assert client.post(f"/models/aliases/{alias.pk}/remove/", {"version": 1}).status_code == 403
    assert Alias.objects.get().ended_at is None


def test_a_list_of_three_needs_as_many_queries_as_one_of_one(client, manager):
    client.force_login(manager)
    model = catalogue.model("credit")
    catalogue.alias(model)
    client.get("/models/credit/aliases/")

    def asked():
        with CaptureQueriesContext(connection) as queries_:
            assert client.get("/models/credit/aliases/").status_code == 200
        return len(queries_)

    one = asked()
    catalogue.alias(model)
    catalogue.alias(model)
    assert asked() == one


# ------------------------------------------------------------------ API


def test_an_alias_is_added_read_and_removed_by_api(client, manager):
    _, text = token.issue(manager, name="all", scope="write", **BY)

    def api(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        headers = {"Authorization": f"Bearer {text}", **headers}
        return getattr(client, method)(f"/api/v1/{address}", **sent, headers=headers)

    catalogue.model("credit")
    made = api("post", "models/credit/aliases", {"name": "信用"})
    assert (made.status_code, made.json()["name"]) == (201, "信用")
    refused = api("post", "models/credit/aliases", {"name": "信用"})
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "name"
    assert api("get", "models/credit/aliases").json()["results"] == [made.json()]
    address = made["Location"].removeprefix("/api/v1/")
    assert api("delete", address).status_code == 428
    assert api("delete", address, **{"If-Match": made["ETag"]}).status_code == 204
    assert api("get", address).status_code == 404
    assert api("get", "models/credit/aliases").json()["results"] == []
