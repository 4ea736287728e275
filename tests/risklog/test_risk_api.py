"""Risks and categories by API."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from people.states import Role
from risklog.api.risk import RiskRow
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.operations.risk_upsert import upsert
from risklog.queries.risk import for_page
from risklog.states import RiskState
from signals.models import BreachGroup
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
LIST = "/api/v1/risks"


@pytest.fixture
def ana(client):
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def send(client, method, path, body=None, **headers):
    return getattr(client, method)(path, body or {}, content_type="application/json", headers=headers)


def references(client, query=""):
    answer = client.get(LIST + query)
    assert answer.status_code == 200, answer.content
    return [row["reference"] for row in answer.json()["results"]]


def test_the_row_read_is_the_row_the_serializer_declares(client, ana):
    model = risks.model(team=people.team())
    risks.risk(model=model, owner=ana, person=ana, tags=["income"], affected="Applicants")
    risks.risk("Bare")

    rows = client.get(f"{LIST}?order=id").json()["results"]

    assert [dict(RiskRow(risk).data) for risk in for_page(ana).order_by("id")] == rows


def test_the_list_costs_at_most_six_queries_for_any_number_of_rows(client, ana):
    counts = []
    for number in range(2):
        risks.risk(f"Risk {number}", model=risks.model(f"Model {number}"), owner=people.user())
        with CaptureQueriesContext(connection) as found:
            references(client, "?state=open&level=4&order=-updated_at")
        counts.append(len(found))
    assert counts[0] == counts[1] <= 6


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("?level=5", ["worst"]),
        ("?state=closed", ["closed"]),
        ("?q=scores", ["drift"]),
        ("?tag=income", ["drift"]),
        ("?tag=Income,nobody-has-this", ["drift"]),
        ("?tag=income,noise&order=-severity", ["worst", "drift"]),
        ("?category=label-noise", ["worst"]),
        ("?unowned=false", ["worst"]),
        ("?order=severity&state=open", ["drift", "worst"]),
        ("?order=-severity&state=open", ["worst", "drift"]),
    ],
)
def test_filters_and_orders(client, ana, query, wanted):
    found = {
        "drift": risks.risk("Scores drift", tags=["income"]),
        "worst": risks.risk(
            "Labels",
            likelihood=5,
            impact=5,
            category=risks.category("label-noise"),
            owner=ana,
            tags=["noise"],
        ),
        "closed": risks.risk("Old", state=RiskState.CLOSED),
    }
    names = {risk.reference: name for name, risk in found.items()}
    assert [names[reference] for reference in references(client, query)] == wanted


@pytest.mark.parametrize(
    "query", ["?level=6", "?state=gone", "?order=title", "?unowned=maybe", "?cell=6x6", "?colour=red"]
)
def test_a_wrong_filter_is_named(client, ana, query):
    assert client.get(LIST + query).status_code == 400


def test_a_stranger_finds_no_restricted_risk_on_any_page(client, ana):
    secret = risks.restricted("Canary", people.team(), tags=["canary"])
    assert references(client, "?tag=canary") == []
    assert client.get(LIST).json()["count"] == 0
    answers = [
        client.get(f"{LIST}/{secret.reference}"),
        send(client, "patch", f"{LIST}/{secret.reference}", {"title": "x"}, **{"If-Match": "*"}),
        send(client, "post", f"{LIST}/{secret.pk}/assess"),
        send(client, "post", f"{LIST}/{secret.reference}/reconfirm", {"evidence": "x"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert all(b"Canary" not in answer.content for answer in answers)


def test_a_restricted_model_is_not_named_by_its_risk(client, ana):
    team = people.team()
    model = risks.model("Secret scoring", viewers=[team.subject_id])
    found = risks.risk(model=model, viewers=[ana.subject_id])
    row = client.get(f"{LIST}/{found.reference}").json()
    assert (row["model_id"], row["model_slug"]) == (None, None)
    assert references(client, f"?model={model.slug}") == []
    assert "Secret scoring" not in client.get("/risks/").content.decode()
    assert "Secret scoring" not in client.get(f"/risks/{found.reference}/").content.decode()


def test_create_answers_where_it_is_and_its_version(client, ana):
    risks.category()
    answer = send(
        client, "post", LIST, {"title": "From CI", "category": "data-drift", "description": "PSI 0.3"}
    )
    found = Risk.objects.get()
    assert answer.status_code == 201, answer.content
    assert answer["Location"] == f"/api/v1/risks/{found.reference}"
    assert answer["ETag"] == f'"risk-{found.pk}-1"'
    assert (found.raised_by, found.severity) == (ana, 9)
    assert Event.objects.get(subject_id=found.subject_id).via == "api"


def test_create_names_the_field_at_fault(client, ana):
    risks.category()
    for body, field in (
        ({"title": "x", "category": "nothing"}, "category"),
        ({"title": " ", "category": "data-drift"}, "title"),
        ({"title": "x", "category": "data-drift", "severity": 25}, "severity"),
        ({"title": "x", "category": "data-drift", "model": "secret"}, "model"),
        ({"title": "x", "category": "data-drift", "impact": 6}, "impact"),
    ):
        answer = send(client, "post", LIST, body)
        assert answer.status_code in {400, 422}
        assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_same_external_id_changes_the_risk_and_only_what_is_sent(client, ana):
    risks.category()
    body = {"title": "From a tracker", "category": "data-drift", "external_id": "T-7", "impact": 5}
    first = send(client, "post", LIST, body)
    again = send(client, "post", LIST, {"title": "Renamed", "category": "data-drift", "external_id": "T-7"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() | {"updated_at": "", "version": 0} == first.json() | {
        "title": "Renamed", "updated_at": "", "version": 0,
    }  # fmt: skip
    assert again["ETag"] != first["ETag"]


def test_an_external_id_with_if_match_needs_the_current_version(client, ana):
    risks.category()
    body = {"title": "From a tracker", "category": "data-drift", "external_id": "T-7"}
    early = send(client, "post", LIST, body, **{"If-Match": '"risk-1-1"'})
    tag = send(client, "post", LIST, body)["ETag"]

    def post(title, given):
        return send(client, "post", LIST, {**body, "title": title}, **{"If-Match": given})

    assert early.status_code == 412
    assert "Leave If-Match out." in early.json()["detail"]
    assert post("First", tag).status_code == 200
    stale = post("Second", tag)
    assert (stale.status_code, stale.json()["present"]["title"]) == (412, "First")
    assert post("Third", "*").json()["title"] == "Third"
    assert post("x", "garbage").json()["errors"][0]["field"] == "If-Match"


def test_create_takes_the_date_of_the_next_review(client, ana):
    risks.category()
    body = {"title": "x", "category": "data-drift", "external_id": "T-7"}

    assert send(client, "post", LIST, {**body, "review_on": "2027-03-01"}).json()["review_on"] == "2027-03-01"
    assert send(client, "post", LIST, {**body, "impact": 5}).json()["review_on"] == str(
        AT.date() + timedelta(days=30)
    )
    assert send(client, "post", LIST, {**body, "review_on": "2027-03-01"}).json()["review_on"] == "2027-03-01"
    assert (
        send(client, "post", LIST, {**body, "review_on": "soon"}).json()["errors"][0]["field"] == "review_on"
    )


def test_an_external_id_gives_no_hidden_risk_away_and_no_right(client):
    ben, ana = people.user("Ben"), people.user("Ana")
    risks.restricted("Canary", people.team("Vault"), external_id="T-1")
    risks.risk("Of Ana", external_id="T-2", owner=ana)
    client.force_login(ben)

    def post(key, **more):
        body = {"title": "x", "category": "data-drift", "external_id": key, **more}
        return send(client, "post", LIST, body)

    assert (post("T-1").status_code, post("T-2").status_code) == (201, 403)
    of_ana = Risk.objects.get(external_id="T-2").reference
    assert post("T-2").json()["detail"] == f"You cannot change {of_ana}. Ask its owner."
    refused = post("T-1", is_unnamed=True)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "is_unnamed")
    assert sorted(Risk.objects.values_list("title", flat=True)) == ["Canary", "Of Ana", "x"]


@pytest.mark.django_db(transaction=True)
def test_the_same_external_id_sent_twice_at_once_is_one_risk(at):
    category = risks.category()
    ben = people.user("Ben")

    def one(number):
        try:
            values = {"title": f"Sent {number}", "category": category, "external_id": "T-9"}
            return upsert(values, by=Actor(ben, "api"), at=at)[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        created = list(pool.map(one, range(6)))

    assert created.count(True) == 1
    assert Risk.objects.count() == 1


def test_unnamed_stays_unnamed_by_api(client, ana):
    risks.category()
    answer = send(client, "post", LIST, {"title": "x", "category": "data-drift", "is_unnamed": True})
    assert answer.json()["raised_by_id"] is None


def test_only_teams_restricts_from_birth(client, ana):
    risks.category()
    team = people.team("Vault")
    answer = send(client, "post", LIST, {"title": "x", "category": "data-drift", "only_teams": ["vault"]})
    assert answer.json()["is_restricted"] is True
    assert Risk.objects.get().subject.viewers == sorted([team.subject_id, ana.subject_id])


def test_restrict_hides_a_risk_and_opens_it_again(client, ana):
    team, risk, stranger = people.team("Vault"), risks.risk(owner=ana), people.user("Ben")

    def restrict(teams):
        tag = client.get(f"{LIST}/{risk.reference}")["ETag"]
        body = {"teams": teams}
        return send(client, "post", f"{LIST}/{risk.reference}/restrict", body, **{"If-Match": tag})

    assert restrict([team.slug]).status_code == 204
    assert not Risk.objects.visible_to(stranger).exists()
    assert restrict(None).status_code == 204
    assert Risk.objects.visible_to(stranger).exists()


def test_restrict_names_the_field_at_fault(client, ana):
    risk = risks.risk()
    tag = client.get(f"{LIST}/{risk.reference}")["ETag"]

    for body, code in (
        ({}, 400),
        ({"teams": []}, 400),
        ({"teams": ["nobody"]}, 400),
        ({"teams": "all"}, 400),
    ):
        answer = send(client, "post", f"{LIST}/{risk.reference}/restrict", body, **{"If-Match": tag})
        assert answer.status_code == code
        assert answer.json()["errors"][0]["field"].startswith("teams")


def test_patch_needs_if_match_and_refuses_a_stale_one(client, ana):
    found = risks.risk()
    url = f"{LIST}/{found.reference}"
    assert send(client, "patch", url, {"title": "x"}).status_code == 428
    tag = client.get(url)["ETag"]
    assert send(client, "patch", url, {"title": "First"}, **{"If-Match": tag}).status_code == 200
    stale = send(client, "patch", url, {"title": "Second"}, **{"If-Match": tag})
    assert stale.status_code == 412
    assert stale.json()["present"]["title"] == "First"


@pytest.mark.parametrize("given", ["garbage", "risk-1-1", "W/", '"risk-1-1", x', "*, *x"])
def test_an_if_match_that_is_no_tag_is_refused_with_its_form(client, ana, given):
    url = f"{LIST}/{risks.risk().reference}"

    answer = send(client, "patch", url, {"title": "x"}, **{"If-Match": given})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], '"risk-12-3", or *.' in error["detail"]) == ("If-Match", True)


@pytest.mark.parametrize("number", ["12345678901234567890123", "1" + "0" * 18, "-1", "1.5"])
def test_a_number_that_is_no_id_is_refused_with_a_clear_text(client, ana, number):
    body = '{"title": "x", "category": ' + number + "}"

    answer = client.post(LIST, body, content_type="application/json")

    text = "This number is out of range. Use the id of an existing category."
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "category", "detail": text}]


def test_the_steps_of_a_risk(client, ana):
    found = risks.risk()
    other = people.user(email="bo@example.org")

    def step(name, **body):
        return send(client, "post", f"{LIST}/{found.reference}/{name}", body, **{"If-Match": "*"})

    treat = {"treatment": "mitigate", "owner": other.email}
    assert step("treat", **treat).status_code == 409
    assert step("assess").json()["state"] == "assessing"
    assert step("treat", treatment="mitigate").status_code == 422
    assert step("treat", **treat).status_code == 200
    assert step("monitor", residual_likelihood=1, residual_impact=3).json()["level"] == 1
    assert step("reconfirm", evidence="Quiet").json()["confirmations"] == 1
    assert step("accept").status_code == 409
    operations.propose(Risk.objects.get(), until=date(2027, 1, 1), reason="Small", by=SYSTEM, at=AT)
    assert step("accept", until="2026-12-31", reason="Fine").json()["accepted_until"] == "2026-12-31"
    assert step("reopen", reason="It grew").json()["state"] == "assessing"
    assert step("close", evidence="The model is retired.").json()["state"] == "closed"


@pytest.mark.parametrize("name", ["assess", "treat", "monitor", "accept", "close", "reopen", "reconfirm"])
def test_a_step_needs_if_match(client, ana, name):
    found = risks.risk()
    url = f"{LIST}/{found.reference}/{name}"
    assert send(client, "post", url).status_code == 428
    assert send(client, "post", url, **{"If-Match": f'"risk-{found.pk}-9"'}).status_code == 412


def test_a_member_changes_neither_others_risks_nor_accepts(client):
    client.force_login(people.user())
    found = risks.risk(state=RiskState.ASSESSING, owner=people.user())
    url = f"{LIST}/{found.reference}"
    assert send(client, "patch", url, {"title": "x"}, **{"If-Match": "*"}).status_code == 403
    assert send(client, "post", f"{url}/accept", {"until": "2099-01-01", "reason": "x"}).status_code == 403


def test_a_breach_becomes_a_risk(client, ana, at):
    risks.category()
    group = BreachGroup(cause_key="k", title="psi above", kind="drift", level=1, opened_at=at)
    history.record(group, "signals.breach_group_opened", by=SYSTEM, at=at)
    first = send(client, "post", f"{LIST}/from_breach", {"breach": group.reference})
    again = send(client, "post", f"{LIST}/from_breach", {"breach": group.reference})
    assert first.status_code == 201
    assert first.json()["id"] == again.json()["id"]


def test_categories_by_api(client, ana):
    risks.category()
    rows = client.get("/api/v1/categories?kind=drift").json()["results"]
    assert [row["slug"] for row in rows] == ["data-drift"]
    url = "/api/v1/categories/data-drift"
    tag = client.get(url)["ETag"]
    assert send(client, "patch", url, {"signs": "- New"}, **{"If-Match": tag}).json()["signs"] == "- New"
    made = send(
        client, "post", "/api/v1/categories", {"name": "Bias at work", "kind": "drift", "definition": "x"}
    )
    assert (made.status_code, made["Location"]) == (201, "/api/v1/categories/bias-at-work")


def test_a_member_does_not_write_categories(client):
    client.force_login(people.user())
    body = {"name": "x", "kind": "drift", "definition": "x"}
    assert send(client, "post", "/api/v1/categories", body).status_code == 403
