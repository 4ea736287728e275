"""The fields of the inventory: the tier by questions, data, dependencies and concentration."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Dependency, Model
from catalogue.operations import model as operations
from catalogue.queries import concentration
from catalogue.queries import model as queries
from catalogue.tiers import tier_of
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
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
    ("reach", "harm", "use", "is_regulated", "tier"),
    [
        (1, 1, 1, False, 4),
        (1, 1, 2, True, 3),
        (3, 1, 1, False, 3),
        (1, 3, 2, False, 2),
        (2, 2, 3, False, 2),
        (4, 1, 3, False, 1),
        (4, 4, 4, True, 1),
        (4, None, 4, False, None),
    ],
)
def test_the_answers_give_the_tier(reach, harm, use, is_regulated, tier):
    answers = {"reach": reach, "harm": harm, "use": use, "is_regulated": is_regulated}

    assert tier_of(answers) == tier


# ------------------------------------------------------------------ operations


@pytest.mark.django_db
def test_another_tier_than_the_answers_give_needs_a_reason():
    model = catalogue.model()
    answers = {"reach": 4, "harm": 4, "use": 4}

    assert operations.rate(model, **answers, **BY).tier == 1
    for wrong, field in (({"tier": 3}, "tier_reason"), ({"tier": 9}, "tier"), ({"use": 5}, "use")):
        with pytest.raises(Refused) as refused:
            operations.rate(model, **{**answers, **wrong}, **BY)
        assert refused.value.field == field
    operations.rate(model, **answers, tier=2, tier_reason=" A person decides. ", **BY)
    assert (model.tier, model.tier_reason, model.has_tier_by_hand) == (2, "A person decides.", True)
    operations.rate(model, **answers, tier=1, tier_reason="Not needed.", **BY)
    assert (model.tier, model.tier_reason, model.has_tier_by_hand) == (1, "", False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"data_class": "odd"}, "data_class"),
        ({"regulation": "odd"}, "regulation"),
        ({"privacy": ["odd"]}, "privacy"),
        ({"inputs": ["x" * 201]}, "inputs"),
        ({"inputs": [str(n) for n in range(101)]}, "inputs"),
        ({"links": ["javascript:alert(1)"]}, "links"),
        ({"slug": "other"}, "slug"),
    ],
)
def test_bad_input_names_the_field(values, field):
    model = catalogue.model()

    with pytest.raises(Refused) as refused:
        operations.change(model, values, **BY)
    assert refused.value.field == field
    assert Model.objects.get().version == 1


@pytest.mark.django_db
def test_the_developer_is_not_the_validator():
    ana, max_ = people.user("Ana"), people.user("Max")
    model = catalogue.model(developer=ana)

    with pytest.raises(Refused, match="cannot be the validator"):
        operations.change(model, {"validator": ana}, **BY)
    operations.change(model, {"validator": max_}, **BY)
    with pytest.raises(Refused) as refused:
        operations.change(model, {"developer": max_}, **BY)
    assert refused.value.field == "validator"


@pytest.mark.django_db
def test_privacy_constraints_end_with_the_personal_data():
    model = catalogue.model(has_personal_data=True, privacy=["erase", "no_records"])
    assert model.privacy == ["no_records", "erase"]

    operations.change(model, {"has_personal_data": False}, **BY)
    assert model.privacy == []


def test_upstream_models_are_replaced_except_those_that_the_author_does_not_see(manager):
    team = people.team("Fraud")
    first, second = catalogue.model("first"), catalogue.model("second")
    secret = catalogue.model("secret", viewers=[team.subject_id])
    model = catalogue.model("model", upstream=[first, secret])
    by = Actor(people.user("Sam"), "page")

    operations.change(model, {"upstream": [second]}, by=by, at=AT)

    present = Dependency.objects.filter(ended_at=None)
    assert {row.upstream for row in present} == {second, secret}
    assert queries.with_details(by.person).get(pk=model.pk).upstream_models == [
        {"slug": "second", "name": "Second", "tier": None}
    ]
    version = model.version
    operations.change(model, {"upstream": [second]}, by=by, at=AT)
    assert (model.version, Event.objects.filter(verb="catalogue.model_changed").count()) == (version, 1)
    with pytest.raises(Refused, match="its own input"):
        operations.change(model, {"upstream": [model]}, by=by, at=AT)


@pytest.mark.django_db
def test_a_retired_model_says_since_when():
    model = operations.move_stage(catalogue.model(), "retired", **BY)
    assert model.retired_at == AT

    assert operations.move_stage(model, "production", **BY).retired_at is None


def test_concentration_counts_direct_and_indirect_dependence_once(manager):
    raw = catalogue.model("raw", inputs=["payments"])
    middle = catalogue.model("middle", upstream=[raw], tier=1)
    last = catalogue.model("last", upstream=[middle, raw], inputs=["payments"], tier=3)
    operations.change(raw, {"upstream": [last]}, **BY)  # a feedback loop
    catalogue.model("old", inputs=["payments"], upstream=[raw], stage="retired")
    operations.move_stage(Model.objects.get(slug="old"), "retired", **BY)
    catalogue.model("secret", inputs=["payments"], viewers=[people.team().subject_id])

    rows = {row.name: (row.direct, row.total, row.high_tier) for row in concentration.inputs(manager)}

    assert rows == {"payments": (2, 3, 1), "Raw": (2, 3, 1), "Middle": (1, 3, 1), "Last": (1, 3, 1)}


def test_concentration_reads_only_the_columns_that_it_counts(manager):
    catalogue.model("raw", inputs=["payments"], purpose="Long")

    with CaptureQueriesContext(connection) as queries:
        concentration.inputs(manager)
    [read] = [query["sql"] for query in queries if 'FROM "catalogue_model"' in query["sql"]]
    assert '"inputs"' in read and '"purpose"' not in read


# ------------------------------------------------------------------ pages and API


def test_the_fields_are_entered_and_shown_on_pages(client, manager):
    client.force_login(manager)
    validator = people.user("Vera")
    upstream = catalogue.model("upstream", name="Upstream score")
    catalogue.model("credit", name="Credit")
    sent = {
        "name": "Credit",
        "version": 1,
        "restrictions": "Not for firms.",
        "validator": validator.pk,
        "inputs": "payments\r\n\r\nbureau\r\npayments",
        "upstream": [upstream.pk],
        "data_class": "confidential",
        "has_personal_data": "yes",
        "privacy": ["no_records"],
        "regulation": "high",
        "links": "https://example.org/card",
    }

    assert client.post("/models/credit/edit/", {**sent, "links": "card"}).status_code == 422
    assert client.post("/models/credit/edit/", sent).status_code == 303
    page = client.get("/models/credit/").content.decode()
    for text in ("Not for firms.", "Vera", "payments, bureau", "Upstream score", "Confidential", "High risk"):
        assert text in page
    assert "No records of single people" in page and "https://example.org/card" in page
    assert "/models/credit/" in client.get("/models/upstream/").content.decode()
    assert "Upstream score" in client.get("/models/concentration/").content.decode()
    assert "payments" in client.get("/models/credit/edit/").content.decode()


def test_the_questions_are_answered_on_a_page(client, manager):
    client.force_login(manager)
    catalogue.model("credit")
    sent = {"reach": 4, "harm": 2, "use": 3, "version": 1}

    assert client.get("/models/credit/tier/").status_code == 200
    assert client.post("/models/credit/tier/", {**sent, "tier": 4}).status_code == 422
    assert client.post("/models/credit/tier/", sent)["Location"] == "/models/credit/"
    assert Model.objects.get().tier == 1
    client.force_login(people.user("Sam"))
    assert client.post("/models/credit/tier/", {**sent, "version": 2}).status_code == 403


def test_the_fields_are_written_and_read_by_api(client, manager):
    _, text = token.issue(manager, name="all", scope="write", **BY)

    def api(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        headers = {"Authorization": f"Bearer {text}", **headers}
        return getattr(client, method)(f"/api/v1/{address}", **sent, headers=headers)

    catalogue.model("raw")
    secret = catalogue.model("secret", viewers=[people.team().subject_id])
    made = api("post", "models", {"name": "Credit", "upstream": ["raw"], "inputs": ["payments"]})
    assert (made.status_code, made.json()["upstream"]) == (201, ["raw"])
    change = {"upstream": [secret.slug], "privacy": ["erase"], "has_personal_data": True}
    answer = api("patch", "models/credit", change, **{"If-Match": made["ETag"]})
    assert (answer.status_code, "upstream" in answer.content.decode()) == (400, True)
    answer = api("patch", "models/credit", {**change, "upstream": []}, **{"If-Match": made["ETag"]})
    assert (answer.json()["upstream"], answer.json()["privacy"]) == ([], ["erase"])
    answers = {"reach": 4, "harm": 1, "use": 4}
    assert api("post", "models/credit/tier", answers).status_code == 428
    rated = api("post", "models/credit/tier", answers, **{"If-Match": answer["ETag"]})
    assert (rated.status_code, rated.json()["tier"], rated.json()["reach"]) == (200, 1, 4)
