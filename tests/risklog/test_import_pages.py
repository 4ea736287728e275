"""The pages and the API of imports."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import Actor
from people.states import Role
from risklog.models import Import, Risk
from risklog.operations import import_apply, imports
from risklog.operations import risk as operations
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
LIST, API = "/risks/imports/", "/api/v1/imports"
SHEET = b"ID,Risk,Category,Owner\n1,Scores drift,Data drift,\n2,Late labels,Data drift,\n"


@pytest.fixture
def ana(client):
    risks.category()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def file(raw=SHEET, name="risks.csv"):
    return SimpleUploadedFile(name, raw)


def an_import(person, raw=SHEET, name="risks.csv"):
    return imports.take(io.BytesIO(raw), name=name, by=Actor(person, "page"), at=AT)


def mapped(found, **changes):
    columns = {f"column_{place}": name for place, name in enumerate(found.mapping)}
    return {**columns, "date_order": "auto", "version": found.version, **changes}


def test_a_sheet_becomes_risks_in_three_steps(client, ana):
    page = client.get(LIST)
    once = page.content.decode().partition('name="once" value="')[2].partition('"')[0]
    uploaded = client.post(LIST, {"file": file(), "once": once})
    found = Import.objects.get()
    assert uploaded["Location"] == f"/risks/imports/{found.pk}/"
    page = client.get(uploaded["Location"]).content.decode()
    assert "Scores drift" in page
    assert "What would happen" not in page

    client.post(uploaded["Location"], mapped(found))
    found.refresh_from_db()
    page = client.get(uploaded["Location"]).content.decode()
    assert "Import 2 new and 0 changed" in page
    assert not Risk.objects.exists()

    client.post(f"{uploaded['Location']}apply/", {"version": found.version})
    assert Risk.objects.count() == 2
    page = client.get(uploaded["Location"]).content.decode()
    assert "What was imported" in page
    assert Risk.objects.first().reference in page


def test_a_file_that_cannot_be_read_is_told_at_its_field(client, ana):
    answer = client.post(LIST, {"file": file(b"%PDF-1.7", "register.csv")})

    assert answer.status_code == 422
    assert "This is not a table" in answer.content.decode()
    assert not Import.objects.exists()


def test_a_file_that_is_too_large_is_told_its_limit(client, ana, settings):
    settings.FILE_LIMIT = 1024 * 1024
    large = b"Risk\n" + b"x" * (1024 * 1024)

    page, answer = client.post(LIST, {"file": file(large)}), client.post(API, {"file": file(large)})

    assert (page.status_code, answer.status_code) == (422, 413)
    assert "The file is larger than 1 MB. Save the sheet as CSV." in page.content.decode()
    assert "larger than 1 MB" in answer.json()["detail"]


def test_a_second_press_of_import_says_that_it_is_done(client, ana):
    found = an_import(ana)
    for _ in range(2):
        answer = client.post(f"{LIST}{found.pk}/apply/", {"version": found.version}, follow=True)

    assert "This import is finished" in answer.content.decode()
    assert Risk.objects.count() == 2


def test_a_wrong_mapping_is_told_and_keeps_the_choices(client, ana):
    found = an_import(ana)

    answer = client.post(f"{LIST}{found.pk}/", mapped(found, column_1="owner"))

    assert answer.status_code == 422
    assert "Two columns are “Owner”" in answer.content.decode()


def test_a_refused_row_names_its_column_and_no_button_imports(client, ana):
    found = an_import(ana, SHEET + b"3,Other,Nothing,\n")

    page = client.get(f"{LIST}{found.pk}/?result=refused").content.decode()

    assert "<b>Category:</b> There is no category" in page
    assert "import_apply" not in page
    assert f"{found.pk}/apply/" not in page
    client.post(f"{LIST}{found.pk}/apply/", {"version": found.version})
    assert not Risk.objects.exists()


def test_nobody_else_finds_an_import(client, ana):
    found = an_import(people.user("Ben"), name="canary.csv")

    assert "canary" not in client.get(LIST).content.decode()
    for url in (f"{LIST}{found.pk}/", f"{API}/{found.pk}", f"{API}/{found.pk}/rows"):
        assert client.get(url).status_code == 404
    for url in (f"{LIST}{found.pk}/apply/", f"{LIST}{found.pk}/delete/"):
        assert client.post(url, {"version": found.version}).status_code == 404
    assert client.get(API).json()["results"] == []


def test_a_viewer_may_not_import(client, ana):
    client.force_login(people.user("Vera", role=Role.VIEWER))

    assert client.get(LIST).status_code == 403
    assert client.post(API, {"file": file()}).status_code == 403


def test_delete_removes_the_import_only(client, ana):
    found = import_apply.apply(an_import(ana), by=Actor(ana, "page"), at=AT)
    other = an_import(ana)

    client.post(f"{LIST}{other.pk}/delete/", {"version": other.version})

    assert list(Import.objects.all()) == [found]
    assert Risk.objects.count() == 2


@pytest.mark.parametrize("url", [LIST, API, f"{API}/{{pk}}/rows", f"{LIST}{{pk}}/"])
def test_lists_cost_the_same_at_one_and_three_rows(client, ana, url):
    def queries():
        client.get(url.format(pk=found.pk))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url.format(pk=found.pk)).status_code == 200
        return len(captured)

    found = an_import(ana, b"Risk,Category\nOne,Data drift\n")
    one = queries()
    found = an_import(ana, b"Risk,Category\nOne,Data drift\nTwo,Data drift\nThree,Data drift\n")
    an_import(ana)

    assert queries() == one


# ------------------------------------------------------------------ the API


def test_a_dry_run_by_api_tells_a_row_a_line(client, ana):
    answer = client.post(API, {"file": file(SHEET + b"3,,Data drift,Nobody\n"), "kind": "risks"})

    body = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"{API}/{body['id']}"), body
    assert (body["state"], body["mapping"]) == ("checked", ["external_id", "title", "category", "owner"])
    assert body["counts"] == {"new": 2, "changed": 0, "unchanged": 0, "refused": 1, "unchecked": 0}
    rows = client.get(f"{API}/{body['id']}/rows").json()["results"]
    assert [(row["line"], row["result"]) for row in rows] == [(2, "new"), (3, "new"), (4, "refused")]
    assert rows[2]["problems"] == [
        [3, "There is no person “Nobody”. Correct it, or leave the cell empty."],
        [1, "Every risk needs a title."],
    ]
    refused = client.get(f"{API}/{body['id']}/rows?result=refused").json()
    assert refused["count"] == 1


def test_apply_by_api_needs_the_version_and_writes_all(client, ana):
    sent = client.post(API, {"file": file()})
    url = f"{API}/{sent.json()['id']}/apply"

    assert client.post(url, content_type="application/json").status_code == 428
    answer = client.post(url, content_type="application/json", headers={"If-Match": sent["ETag"]})

    assert (answer.status_code, answer.json()["state"]) == (200, "applied")
    assert {row["risk_reference"] for row in client.get(url.replace("apply", "rows")).json()["results"]} == {
        risk.reference for risk in Risk.objects.select_related("subject")
    }


@pytest.mark.parametrize("extra", [{}, {"Idempotency-Key": "apply-1"}])
def test_apply_by_api_shows_what_changed_since_the_check(client, ana, extra):
    risk = risks.risk("Before", external_id="1")
    sent = client.post(API, {"file": file()})
    operations.change(risk, {"title": "Of a colleague"}, by=Actor(ana, "page"), at=AT)
    url = f"{API}/{sent.json()['id']}"
    headers = {"If-Match": sent["ETag"], **extra}

    answer = client.post(f"{url}/apply", content_type="application/json", headers=headers)

    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert ["title", "Of a colleague", "Scores drift"] in client.get(f"{url}/rows").json()["results"][0][
        "changes"
    ]
    headers = {"If-Match": client.get(url)["ETag"]}
    assert client.post(f"{url}/apply", content_type="application/json", headers=headers).status_code == 200


def test_a_sheet_is_applied_at_once_unless_a_row_is_refused(client, ana):
    mapping = json.dumps({"Name of it": "title", "Kind": "category"})
    good, bad = b"Name of it,Kind\nOne,Data drift\n", b"Name of it,Kind\nTwo,Nothing\n"

    def send(raw):
        return client.post(API, {"file": file(raw), "mapping": mapping, "dry_run": "false"}).json()["state"]

    assert (send(bad), send(good)) == ("checked", "applied")
    assert [risk.title for risk in Risk.objects.all()] == ["One"]


@pytest.mark.parametrize(
    ("fields", "field", "status"),
    [
        ({}, "file", 400),
        ({"file": "text"}, "file", 400),
        ({"file": file(b"")}, "file", 422),
        ({"file": file(), "kind": "models"}, "kind", 400),
        ({"file": file(), "mapping": "[1]"}, "mapping", 400),
        ({"file": file(), "mapping": "{"}, "mapping", 400),
        ({"file": file(), "mapping": '{"Nothing": "title"}'}, "mapping", 422),
        ({"file": file(), "mapping": '{"Risk": "colour"}'}, "mapping", 422),
        ({"file": file(), "category": "nothing"}, "category", 400),
        ({"file": file(), "date_order": "x"}, "date_order", 400),
        ({"file": file(), "colour": "red"}, "colour", 400),
    ],
)
def test_bad_input_is_named(client, ana, fields, field, status):
    answer = client.post(API, fields)

    assert answer.status_code == status, answer.content
    assert answer.json()["errors"][0]["field"] == field
    assert not Import.objects.exists()


def test_the_same_key_imports_once(client, ana):
    for _ in range(2):
        answer = client.post(
            API, {"file": file(), "dry_run": "false"}, headers={"Idempotency-Key": "sheet-1"}
        )
        assert answer.status_code == 201

    assert Risk.objects.count() == 2
