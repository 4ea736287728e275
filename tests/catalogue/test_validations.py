"""Validations: opened, answered, concluded, and what triggers the next one."""

import json
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.checklists import QUESTIONS, checklist_for
from catalogue.models import Model, Validation
from catalogue.operations import model as models
from catalogue.operations import validation as operations
from catalogue.operations import version as versions
from catalogue.queries import validation as queries
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people, risks

BY = {"by": SYSTEM, "at": AT}


@pytest.fixture
def manager(db):
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


def answered(validation, answer="yes"):
    rows = [{**row, "answer": answer} for row in validation.checklist]
    return operations.change(validation, {"checklist": rows}, **BY)


@pytest.mark.parametrize(("tier", "count"), [(4, 3), (3, 6), (2, 9), (1, 12), (None, 12)])
def test_a_higher_tier_is_asked_more(tier, count):
    asked = [row["question"] for row in checklist_for(tier)]

    assert len(asked) == count and asked == [question for _, question in QUESTIONS][:count]


# ------------------------------------------------------------------ operations


@pytest.mark.django_db
def test_the_developer_does_not_validate():
    ana = people.user("Ana")
    model = catalogue.model(developer=ana)

    with pytest.raises(Refused, match="developer cannot validate") as refused:
        catalogue.validation(model, validated_by=ana)
    assert refused.value.field == "validated_by"
    assert not Validation.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"checklist": [{"question": " "}]}, "checklist"),
        ({"checklist": [{"question": "Why?", "answer": "maybe"}]}, "checklist"),
        ({"documents_asked": ["x" * 201]}, "documents_asked"),
        ({"result": "approved"}, "result"),
    ],
)
def test_bad_input_names_the_field(values, field):
    validation = catalogue.validation()

    with pytest.raises(Refused) as refused:
        operations.change(validation, values, **BY)
    assert refused.value.field == field


@pytest.mark.django_db
def test_a_version_of_another_model_is_refused():
    with pytest.raises(Refused, match="of this model") as refused:
        catalogue.validation(of_version=catalogue.version())
    assert refused.value.field == "of_version"


@pytest.mark.django_db
def test_a_result_needs_all_answers_and_conditions_a_text():
    model = catalogue.model(tier=4)
    validation = catalogue.validation(model)

    with pytest.raises(Refused, match="3 questions") as refused:
        operations.conclude(validation, result="approved", **BY)
    assert refused.value.field == "checklist"
    answered(validation)
    with pytest.raises(Refused) as refused:
        operations.conclude(validation, result="conditional", **BY)
    assert refused.value.field == "conclusion"
    with pytest.raises(Refused) as refused:
        operations.conclude(validation, result="approved", next_on=date(2027, 1, 1), **BY)
    assert refused.value.field == "next_why"
    assert Validation.objects.get().state == "open"

    operations.conclude(validation, result="approved", next_on=date(2027, 1, 1), next_why="New labels", **BY)
    model.refresh_from_db()
    assert (model.validate_on, model.validate_why) == (date(2027, 1, 1), "New labels")
    for late in (lambda: answered(validation), lambda: operations.withdraw(validation, reason="x", **BY)):
        with pytest.raises(IllegalMove):
            late()


@pytest.mark.django_db
def test_a_new_version_in_production_asks_for_a_validation():
    model = catalogue.model(tier=2)
    version = catalogue.version(model, "7", stage="candidate")
    assert Model.objects.get().validate_on is None

    versions.change(version, {"stage": "production"}, **BY)
    model = Model.objects.select_related("subject").get()
    assert model.validate_on == AT.date() + timedelta(days=30)
    assert model.validate_why == "Version 7 is in production."
    validation = answered(catalogue.validation(model, of_version=version))
    assert validation.trigger == model.validate_why
    operations.conclude(validation, result="approved", **BY)
    assert Model.objects.get().validate_on is None


@pytest.mark.django_db
def test_the_plan_stays_while_another_version_in_production_waits():
    model = catalogue.model(tier=2)
    live = catalogue.version(model, "7", stage="production")
    model.refresh_from_db()
    candidate = answered(catalogue.validation(model, of_version=catalogue.version(model, "8")))
    operations.conclude(candidate, result="approved", **BY)
    assert Model.objects.get().validate_why == "Version 7 is in production."

    model = Model.objects.select_related("subject").get()
    operations.conclude(answered(catalogue.validation(model, of_version=live)), result="approved", **BY)
    assert Model.objects.get().validate_on is None
    model = operations.plan_next(model, on=date(2027, 1, 1), why="An audit", **BY)
    again = answered(catalogue.validation(model, of_version=catalogue.version(model, "9")))
    operations.conclude(again, result="approved", **BY)
    assert Model.objects.get().validate_on is None


@pytest.mark.django_db
def test_the_day_of_a_triggered_validation_is_that_of_the_organisation():
    people.organisation(time_zone="Pacific/Auckland")
    late = AT.replace(hour=22)  # the next day there

    validate = models.rate(catalogue.model(), reach=4, harm=4, use=4, by=SYSTEM, at=late)
    assert validate.validate_on == AT.date() + timedelta(days=31)


@pytest.mark.django_db
def test_a_low_tier_needs_none_and_a_higher_one_does():
    model = catalogue.model(tier=3)
    catalogue.version(model, "1", stage="production")
    assert Model.objects.get().validate_on is None

    model = Model.objects.select_related("subject").get()
    models.rate(model, reach=4, harm=4, use=4, **BY)
    assert model.validate_why == "The tier became 1."
    models.change(model, {"validate_on": AT.date(), "validate_why": "An audit"}, **BY)
    catalogue.version(model, "2", stage="production")
    assert Model.objects.get().validate_why == "An audit"  # it is due earlier


def test_a_finding_is_a_risk_that_its_reader_may_see(manager):
    team = people.team("Fraud")
    validation = catalogue.validation()
    open_risk, secret = risks.risk(), risks.risk(viewers=[team.subject_id])
    operations.add_finding(validation, about=open_risk.subject, **BY)
    operations.add_finding(validation, about=secret.subject, **BY)

    for about in (open_risk.subject, validation.model.subject):
        with pytest.raises(Refused) as refused:
            operations.add_finding(validation, about=about, **BY)
        assert refused.value.field == "about"
    shown = [row.shown_about for row in queries.findings_of(people.user("Sam"), validation)]
    assert shown == [open_risk.subject, None]
    mate = people.user("Max", teams=[team])
    assert None not in [row.shown_about for row in queries.findings_of(mate, validation)]


@pytest.mark.django_db
def test_a_late_change_is_refused():
    validation = catalogue.validation()
    operations.change(validation, {"scope": "All"}, seen=1, **BY)

    with pytest.raises(ChangedMeanwhile):
        operations.change(validation, {"scope": "Some"}, seen=1, **BY)


# ------------------------------------------------------------------ pages


def test_a_validation_is_opened_answered_and_concluded_on_pages(client, manager):
    client.force_login(manager)
    vera, risk = people.user("Vera"), risks.risk()
    catalogue.model("credit", name="Credit", tier=4, owner_team=people.team("Lending"))
    form = client.get("/models/credit/validations/new/").content.decode()
    once = form.split('name="once" value="')[1].split('"')[0]
    sent = {"validated_by": vera.pk, "documents_asked": "Model card\r\nTest report", "once": once}

    address = client.post("/models/credit/validations/new/", sent)["Location"]
    validation = Validation.objects.get()
    assert address == f"/models/validations/{validation.pk}/"
    client.force_login(vera)
    assert client.post(f"{address}finding/", {"about": "R-99", "version": 1}).status_code == 422
    assert (
        client.post(f"{address}finding/", {"about": risk.reference.lower(), "version": 1}).status_code == 303
    )
    answers = {f"answer-{n}": "yes" for n in range(3)} | {"note-0": "In the card.", "version": 2}
    assert client.post(f"{address}checklist/", answers).status_code == 303
    assert client.post(f"{address}conclude/", {"result": "rejected", "version": 3}).status_code == 422
    sent = {"result": "conditional", "conclusion": "Watch it.", "version": 3}
    assert client.post(f"{address}conclude/", sent).status_code == 303

    page = client.get(address).content.decode()
    for text in ("In the card.", "Model card", risk.reference, "Watch it.", "Approved with conditions"):
        assert text in page
    assert address in client.get("/models/credit/").content.decode()
    assert address in client.get("/models/validations/?result=conditional").content.decode()
    assert address not in client.get("/models/validations/?result=rejected").content.decode()


def test_only_the_validator_and_risk_managers_change_it(client, manager):
    ana = people.user("Ana")
    validation = catalogue.validation(catalogue.model(developer=ana))
    address = f"/models/validations/{validation.pk}/"

    for person, status in ((ana, 403), (people.user("Sam"), 403), (manager, 303)):
        client.force_login(person)
        assert client.get(address).status_code == 200
        sent = {"reason": "By mistake", "version": 1}
        assert client.post(f"{address}withdraw/", sent).status_code == status


def test_a_list_of_three_needs_as_many_queries_as_one_of_one(client, manager):
    client.force_login(manager)
    catalogue.validation()
    client.get("/models/validations/")

    def asked():
        with CaptureQueriesContext(connection) as queries_:
            assert client.get("/models/validations/").status_code == 200
        return len(queries_)

    one = asked()
    catalogue.validation()
    catalogue.validation()
    assert asked() == one


# ------------------------------------------------------------------ API


def test_a_validation_is_opened_and_concluded_by_api(client, manager):
    _, text = token.issue(manager, name="all", scope="write", **BY)

    def api(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        headers = {"Authorization": f"Bearer {text}", **headers}
        return getattr(client, method)(f"/api/v1/{address}", **sent, headers=headers)

    people.user("Vera", email="vera@example.org")
    model = catalogue.model("credit", tier=4)
    catalogue.version(model, "7")
    risk = risks.risk()
    body = {"validated_by": "vera@example.org", "version_name": "7", "due_on": "2026-12-01"}

    refused = api("post", "models/credit/validations", {**body, "version_name": "8"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "version_name")
    made = api("post", "models/credit/validations", body)
    assert (made.status_code, made.json()["version_name"], len(made.json()["checklist"])) == (201, "7", 3)
    address = made["Location"].removeprefix("/api/v1/")
    found = api("post", f"{address}/findings", {"about": risk.reference}, **{"If-Match": made["ETag"]})
    assert (found.status_code, found.json()["findings"]) == (200, [risk.reference])
    rows = [{**row, "answer": "n/a"} for row in made.json()["checklist"]]
    changed = api("patch", address, {"checklist": rows}, **{"If-Match": found["ETag"]})
    assert changed.json()["checklist"] == rows
    assert api("post", f"{address}/conclude", {"result": "approved"}).status_code == 428
    done = api("post", f"{address}/conclude", {"result": "approved"}, **{"If-Match": changed["ETag"]})
    assert (done.status_code, done.json()["state"], done.json()["result"]) == (200, "done", "approved")
    assert api("get", "validations?model=credit&state=done").json()["results"] == [done.json()]
    assert api("get", "models/credit/validations?state=open").json()["results"] == []
